import net.lingala.zip4j.ZipFile;

/** Unpacks an archive as a Java system with zip4j does: ARCHIVE FOLDER PASSWORD. */
public class Zip4jReader {
  public static void main(String[] words) throws Exception {
    try (ZipFile zip = new ZipFile(words[0], words[2].toCharArray())) {
      zip.extractAll(words[1]);
    }
  }
}
