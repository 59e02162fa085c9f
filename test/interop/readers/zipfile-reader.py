"""Unpacks an archive as Python's zipfile does: ARCHIVE FOLDER PASSWORD."""
import sys
import zipfile

archive, folder, password = sys.argv[1:]
with zipfile.ZipFile(archive) as zip:
    zip.setpassword(password.encode())
    zip.extractall(folder)
