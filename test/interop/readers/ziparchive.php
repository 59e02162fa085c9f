<?php
// Unpacks an archive as a PHP system does: ARCHIVE FOLDER PASSWORD extractTo|getFromName|getStream.
[, $archive, $folder, $password, $way] = $argv;

$isSound = true;
set_error_handler(function (int $level, string $message) use (&$isSound): bool {
    fwrite(STDERR, "$message\n");
    $isSound = false;
    return true;
});

$zip = new ZipArchive();
if ($zip->open($archive) !== true) exit(1);
$zip->setPassword($password);
if ($way === 'extractTo') {
    $isSound = $zip->extractTo($folder) && $isSound;
} else {
    for ($i = 0; $i < $zip->numFiles; $i++) {
        $name = $zip->getNameIndex($i);
        if (!is_dir(dirname("$folder/$name"))) mkdir(dirname("$folder/$name"), recursive: true);
        $content = $way === 'getStream' ? stream_get_contents($zip->getStream($name)) : $zip->getFromName($name);
        if ($content === false) exit(1);
        file_put_contents("$folder/$name", $content);
    }
}
exit($isSound ? 0 : 1);
