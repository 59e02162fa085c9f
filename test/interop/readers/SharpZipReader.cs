using System.IO;
using ICSharpCode.SharpZipLib.Zip;

/// <summary>Unpacks an archive as an older .NET system with SharpZipLib does: ARCHIVE FOLDER PASSWORD.</summary>
public class SharpZipReader {
  public static void Main(string[] words) {
    var zip = new ZipFile(words[0]);
    zip.Password = words[2];
    foreach (ZipEntry entry in zip) {
      var file = Path.Combine(words[1], entry.Name);
      Directory.CreateDirectory(Path.GetDirectoryName(file));
      using (var from = zip.GetInputStream(entry))
      using (var to = File.Create(file)) from.CopyTo(to);
    }
  }
}
