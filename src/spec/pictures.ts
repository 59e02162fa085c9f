/** The pictures that a report shows small: those that are small themselves, so that none has to be decoded to be made so. */
import { fileTypeOf, pixelsOf } from './rules/file-type.js';

export interface Picture {
  readonly type: 'jpg' | 'png';
  readonly content: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Bytes of a picture that is small enough: what a report grows by. */
const PICTURE_BYTES = 256 * 1024;
/** Of all pictures of a report. */
const TOTAL_BYTES = 4 * 1024 * 1024;
const COUNT = 60;
/** What a few hundred bytes may unpack to; 4 bytes each in the memory of whoever looks at it. */
const PIXELS = 8_000_000;
/** A chunk of a PNG that moves. */
const MOVES = Buffer.from('acTL');

/** Pictures by the MD5 of their content, no more and no larger than a report has room for. */
export class Pictures {
  readonly #pictures = new Map<string, Picture>();
  #bytes = 0;

  /** Whether a file is worth reading for its picture. `type`: as its content says, or else the extension of its name. */
  wants({ type, bytes }: { readonly type: string; readonly bytes: number }): boolean {
    const isPicture = ['jpg', 'jpeg', 'png'].includes(type.toLowerCase());
    return isPicture && bytes > 0 && bytes <= PICTURE_BYTES && this.#bytes + bytes <= TOTAL_BYTES && this.#pictures.size < COUNT;
  }

  /** Keeps the picture of a content that is one. */
  add(md5: string, content: Uint8Array): void {
    const type = fileTypeOf(content.subarray(0, 4096));
    if ((type !== 'jpg' && type !== 'png') || !this.wants({ type, bytes: content.length }) || this.#pictures.has(md5)) return;
    const [width, height] = pixelsOf(content, type);
    if (width === 0 || height === 0 || width * height > PIXELS || (type === 'png' && Buffer.from(content).includes(MOVES))) return;
    this.#pictures.set(md5, { type, content, width, height });
    this.#bytes += content.length;
  }

  of(md5: string): Picture | undefined {
    return this.#pictures.get(md5);
  }
}
