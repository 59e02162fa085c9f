/**
 * Takes the XML of workbooks apart as it comes: elements, attributes and texts, and nothing else that XML has. Declarations of types and
 * CDATA, which no spreadsheet program writes, are refused; so no entity is ever expanded but XML's own five and characters by number.
 * General parsers (sax, saxes) take five times as long for a sheet.
 */

export interface XmlHandlers {
  /** @param name without its prefix @param attributes by their names as they are written */
  onOpenTag?(name: string, attributes: Readonly<Record<string, string>>): void;
  /** All of the text between two tags. */
  onText?(text: string): void;
  /** Comes behind `onOpenTag` for an empty element too. */
  onCloseTag?(name: string): void;
}

/** Something is not XML as workbooks have it. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** Longer than any tag with its attributes, or any text between two tags; in characters. */
const PIECE_CHARACTERS = 1024 * 1024;

/** Parses bytes in UTF-8. Comes back after each piece, so that whoever asks sets the pace. @throws XmlError */
export async function* parseXml(bytes: AsyncIterable<Uint8Array>, handlers: XmlHandlers): AsyncGenerator<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A `<` begins a tag wherever it stands, so what is before the last one is whole.
    const end = text.lastIndexOf('<');
    rest = text.slice(Math.max(0, end));
    if (rest.length > PIECE_CHARACTERS) throw new XmlError('a tag or a text without end');
    if (end > 0) {
      parsePiece(text.slice(0, end), handlers);
      yield;
    }
  }
  parsePiece(rest + decoder.decode(), handlers);
  yield;
}

function parsePiece(text: string, handlers: XmlHandlers): void {
  let at = text.indexOf('<');
  if (text.slice(0, at < 0 ? text.length : at).trim() !== '') throw new XmlError('text outside of all tags');
  while (at >= 0) {
    const next = text.indexOf('<', at + 1);
    const end = parseTag(text, at + 1, handlers);
    const until = next < 0 ? text.length : next;
    if (end > until) throw new XmlError('a tag in a tag');
    if (end < until) handlers.onText?.(withoutEntities(text.slice(end, until)));
    at = next;
  }
}

const ENCODING = /^\?xml\s[^>]{0,200}?encoding\s*=\s*["']([^"']{0,40})/;
const NAME = /(?:[^\s:=<>/"']+:)?([^\s:=<>/"']+)/y;
const ATTRIBUTE = /\s+([^\s=<>/"']+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const END = /\s*(\/?)>/y;
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/** @param at behind the `<` @returns where the tag ends */
function parseTag(text: string, at: number, handlers: XmlHandlers): number {
  if (text.startsWith('?', at)) {
    const end = behind(text, '?>', at);
    const encoding = ENCODING.exec(text.slice(at, end))?.[1];
    if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) throw new XmlError('another encoding than UTF-8');
    return end;
  }
  if (text.startsWith('!--', at)) return behind(text, '-->', at);
  const isClosing = text.startsWith('/', at);
  NAME.lastIndex = isClosing ? at + 1 : at;
  const name = NAME.exec(text)?.[1];
  if (name === undefined) throw new XmlError('a tag without a name');
  let end = NAME.lastIndex;
  let attributes: Record<string, string> | undefined;
  if (!isClosing) {
    ATTRIBUTE.lastIndex = end;
    for (let match = ATTRIBUTE.exec(text); match; match = ATTRIBUTE.exec(text)) {
      attributes ??= {};
      attributes[match[1] as string] = withoutEntities(match[2] ?? match[3] ?? '');
      end = ATTRIBUTE.lastIndex;
    }
  }
  END.lastIndex = end;
  const closing = END.exec(text);
  if (!closing) throw new XmlError('a tag that does not end');
  end = END.lastIndex;
  if (!isClosing) handlers.onOpenTag?.(name, attributes ?? NO_ATTRIBUTES);
  if (isClosing || closing[1] === '/') handlers.onCloseTag?.(name);
  return end;
}

function behind(text: string, mark: string, at: number): number {
  const found = text.indexOf(mark, at);
  if (found < 0) throw new XmlError('a comment or an instruction that does not end');
  return found + mark.length;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const withoutEntities = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return ENTITIES[name] ?? whole;
        const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
        return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
      })
    : text;
