/**
 * Text of RTF notes. The libraries of the registry were tried and are not for this: they make web pages or unwrap mails,
 * and stop at escapes and tables as EHRs write them. A reader of text alone is small.
 */
import { decodeStrictly } from './charset.ts';
import { tidy } from './normalise.ts';
import { type ByteDecoder, fontDecoder, isSymbolFont, type RtfFont, symbolCharacter } from './rtf-charsets.ts';
import { type RtfToken, rtfTokens } from './rtf-tokens.ts';
import { CHARACTERS, ENTERED, HIDING, SKIPPED, SYMBOLS } from './rtf-words.ts';

/** What a group inherits from the one around it. */
interface Group {
  skip: boolean;
  /** Names of the formats that hide text at the moment. */
  hidden: ReadonlySet<string>;
  /** How many characters stand in for one `\u`. */
  stand: number;
  font: number | undefined;
  raised: boolean;
  /** Inside the font table, whose groups define fonts. */
  fonts: boolean;
}

function isStarSymbol(token: RtfToken): boolean {
  return token.type === 'symbol' && token.symbol === '*';
}

/** The state of one reading. A class because a reading has a life: tokens in, text out. */
class RtfReading {
  private group: Group = { skip: false, hidden: new Set(), stand: 1, font: undefined, raised: false, fonts: false };
  private readonly outer: Group[] = [];
  private readonly fonts = new Map<number, RtfFont>();
  private readonly decoders = new Map<number | undefined, ByteDecoder>();
  private readonly out: string[] = [];
  private pending: number[] = [];
  private unescaped = false;
  private page = 1252;
  private defaultFont: number | undefined;
  /** The group has said nothing yet: a word here names its destination. */
  private fresh = false;
  private starred = false;
  /** Stand-ins of a `\u` still to be passed over. */
  private passing = 0;
  private last = '';

  take(token: RtfToken): void {
    const opening = this.fresh;
    this.fresh = false;
    switch (token.type) {
      case 'open':
        this.flush();
        this.outer.push(this.group);
        this.group = { ...this.group };
        this.fresh = true;
        this.starred = false;
        this.passing = 0;
        return;
      case 'close':
        this.flush();
        this.group = this.outer.pop() ?? this.group;
        this.passing = 0;
        return;
      case 'hex':
        if (this.passing > 0) {
          this.passing--;
        } else {
          this.bytes([token.byte]);
        }
        return;
      case 'text':
        this.text(token.bytes);
        return;
      case 'symbol':
        if (opening && isStarSymbol(token)) {
          this.starred = true;
          this.fresh = true;
        } else if (this.passing > 0) {
          this.passing--;
        } else {
          this.write(SYMBOLS[token.symbol] ?? '');
        }
        return;
      case 'word':
        this.word(token.word, token.number, opening);
    }
  }

  end(): string {
    this.flush();
    return tidy(this.out.join(''));
  }

  private text(bytes: Uint8Array): void {
    const passed = Math.min(this.passing, bytes.length);
    this.passing -= passed;
    const rest = bytes.subarray(passed);
    if (this.group.fonts) {
      const font = this.fonts.get(this.group.font ?? -1);
      if (font) {
        font.name = `${font.name}${String.fromCharCode(...rest.subarray(0, 64))}`.trimStart().slice(0, 64);
      }
    } else {
      this.unescaped ||= rest.some((byte) => byte >= 0x80);
      this.bytes(rest);
    }
  }

  private word(word: string, number: number | undefined, opening: boolean): void {
    if (opening && this.destination(word)) {
      return;
    }
    switch (word) {
      case 'u':
        this.unicode(number ?? 0);
        return;
      case 'uc':
        this.group.stand = Math.min(Math.max(number ?? 1, 0), 64);
        return;
      case 'ansicpg':
        this.page = number ?? 1252;
        this.decoders.clear();
        return;
      case 'mac':
        this.page = 10000;
        return;
      case 'deff':
        this.defaultFont = number;
        return;
      case 'f':
        this.font(number ?? 0);
        return;
      case 'plain':
        this.flush();
        this.group.hidden = new Set([...this.group.hidden].filter((name) => name === 'htmlrtf'));
        this.group.font = undefined;
        this.group.raised = false;
        return;
      case 'super':
      case 'nosupersub':
        this.flush();
        this.group.raised = word === 'super' && number !== 0;
        return;
    }
    const font = this.group.fonts ? this.fonts.get(this.group.font ?? -1) : undefined;
    if (font && word === 'fcharset') {
      font.charset = number ?? 0;
    } else if (font && word === 'cpg') {
      font.codePage = number ?? 1252;
    } else if (HIDING.has(word)) {
      this.hide(word, number !== 0);
    } else if (Object.hasOwn(CHARACTERS, word)) {
      if (this.passing > 0) {
        this.passing--;
      } else {
        this.write(CHARACTERS[word] ?? '');
      }
    }
  }

  /** Whether the first word of a group sends its content elsewhere than into the text. */
  private destination(word: string): boolean {
    if (word === 'fonttbl') {
      this.group.fonts = true;
      this.group.skip = true;
      return true;
    }
    if (ENTERED.has(word)) {
      // What an object or a field shows is text, though the object's own group is none; hidden groups stay hidden.
      this.group.skip = this.outer.some((group) => group.skip) && word !== 'result';
      return true;
    }
    if (SKIPPED.has(word) || this.starred) {
      this.group.skip = true;
      return true;
    }
    return false;
  }

  private font(number: number): void {
    this.flush();
    this.group.font = number;
    if (this.group.fonts && !this.fonts.has(number)) {
      this.fonts.set(number, { name: '' });
    }
  }

  private hide(word: string, on: boolean): void {
    this.flush();
    const hidden = new Set(this.group.hidden);
    if (on) {
      hidden.add(word);
    } else {
      hidden.delete(word);
    }
    this.group.hidden = hidden;
  }

  private unicode(number: number): void {
    const unit = number & 0xffff;
    const font = this.fonts.get(this.group.font ?? this.defaultFont ?? -1);
    const symbol = isSymbolFont(font) && unit >= 0xf000 && unit <= 0xf0ff;
    this.write(symbol ? symbolCharacter(font, unit & 0xff) : String.fromCharCode(unit));
    this.passing = this.group.stand;
  }

  private bytes(bytes: Iterable<number>): void {
    if (this.group.skip) {
      return;
    }
    for (const byte of bytes) {
      this.pending.push(byte);
    }
  }

  /** Bytes become characters only together: a character may be made of several escapes. */
  private flush(): void {
    if (this.pending.length > 0) {
      const bytes = Uint8Array.from(this.pending);
      this.pending = [];
      // RTF is ASCII. Bytes above it that nobody escaped were mostly written by programs that meant UTF-8.
      const loose = this.unescaped ? decodeStrictly(bytes, 'utf-8') : undefined;
      this.unescaped = false;
      this.put(loose ?? this.decoder()(bytes));
    }
  }

  private decoder(): ByteDecoder {
    const number = this.group.font ?? this.defaultFont;
    const known = this.decoders.get(number);
    if (known) {
      return known;
    }
    const decoder = fontDecoder(number === undefined ? undefined : this.fonts.get(number), this.page);
    this.decoders.set(number, decoder);
    return decoder;
  }

  private write(text: string): void {
    this.flush();
    this.put(text);
  }

  private put(text: string): void {
    if (text === '' || this.group.skip || this.group.hidden.size > 0) {
      return;
    }
    // 10\super 9 must not be read as 109.
    const raised = this.group.raised && /\d$/.test(this.last) && /^[+−-]?\d/.test(text);
    this.out.push(raised ? `^${text}` : text);
    this.last = text;
  }
}

/** The text of an RTF document: no throw on broken input, what is readable is read. */
export function readRtf(bytes: Uint8Array): string {
  const reading = new RtfReading();
  for (const token of rtfTokens(bytes)) {
    reading.take(token);
  }
  return reading.end();
}
