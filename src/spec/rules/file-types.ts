/** The types of files by the extension they have: which are taken, and which would run. */

/** The types that the spec allows; how large each may be is in the limits. */
export const SPEC_TYPES: ReadonlySet<string> = new Set(['pdf', 'jpg', 'png', 'mp3', 'mp4']);

/** Types that students hand in all the same, and that do nothing when they are opened. `empty` has no bytes. */
export const HARMLESS_TYPES: ReadonlySet<string> = new Set([
  ...['docx', 'xlsx', 'pptx', 'odt', 'doc'],
  ...['heic', 'webp', 'gif', 'm4a', 'wav', 'txt', 'empty'],
]);

/** Extensions that a computer runs, or acts on, when such a file is opened. */
export const ACTIVE_EXTENSIONS: ReadonlySet<string> = new Set([
  ...['exe', 'com', 'scr', 'pif', 'cpl', 'dll', 'msi', 'msp', 'msix', 'appx', 'app', 'apk', 'jar', 'class', 'gadget', 'dmg', 'pkg'],
  ...['js', 'jse', 'mjs', 'cjs', 'vbs', 'vbe', 'wsf', 'wsh', 'wsc', 'sct', 'bat', 'cmd', 'ps1', 'psm1', 'psd1', 'ps1xml'],
  ...['sh', 'bash', 'zsh', 'command', 'py', 'pyw', 'pl', 'rb', 'php', 'asp', 'aspx', 'jsp', 'lua', 'ahk', 'au3', 'applescript', 'scpt'],
  ...['htm', 'html', 'xhtml', 'shtml', 'hta', 'mht', 'mhtml', 'svg', 'svgz', 'xml', 'xsl', 'xslt', 'eml', 'chm', 'hlp'],
  ...['lnk', 'url', 'website', 'webloc', 'desktop', 'scf', 'reg', 'inf', 'job', 'library-ms', 'search-ms', 'settingcontent-ms'],
  ...[
    'docm',
    'dotm',
    'xlsm',
    'xltm',
    'xlam',
    'pptm',
    'potm',
    'ppam',
    'ppsm',
    'sldm',
    'iqy',
    'slk',
    'xll',
    'mde',
    'accde',
    'jnlp',
    'application',
  ],
]);
