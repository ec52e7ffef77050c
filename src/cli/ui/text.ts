/** Text on a terminal: how wide it is, how to cut and pad it, and colours that honour NO_COLOR. */

const esc = '\u001b';
const code = `${esc}\\[[0-9;?]*[A-Za-z]`;
const everyCode = new RegExp(code, 'g');
const codeOrText = new RegExp(`(${code})`);
// East Asian wide and emoji presentation: two columns on every terminal in use.
const wide =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u;
const graphemes = new Intl.Segmenter();

/** Columns a text takes, without its colour codes. */
export function textWidth(text: string): number {
  const bare = text.replace(everyCode, '');
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes.segment(bare)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Pads to a width, on the right by default. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const gap = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + gap : gap + text;
}

/** Cuts to a width, ending in an ellipsis; colour codes are kept whole, so that a cut never leaves a colour switched on. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let out = '';
  let room = width - 1;
  for (const piece of text.split(codeOrText)) {
    if (piece.startsWith(esc)) out += piece;
    else {
      const kept = head(piece, room);
      out += kept;
      if (kept !== piece && room >= 0) out += '…';
      room = kept === piece ? room - textWidth(piece) : -1;
    }
  }
  return out;
}

/** Breaks a text at its spaces into lines of at most about `width` columns; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function head(text: string, room: number): string {
  let out = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > room) break;
    out += segment;
  }
  return out;
}

/** Text from elsewhere without control characters, so that it cannot steer the terminal; line breaks become spaces. */
export const clean = (text: string): string => text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '');

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

/** Functions that colour a text; every one is the identity when colours are off. */
export type Style = Readonly<Record<keyof typeof codes, (text: string) => string>>;

/** Makes the colouring functions. */
export function style(isColored: boolean): Style {
  const paint = ([on, off]: readonly [number, number]) =>
    isColored ? (text: string) => (text === '' ? '' : `${esc}[${on}m${text}${esc}[${off}m`) : (text: string) => text;
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Style;
}

/** Whether to colour: NO_COLOR wins, then FORCE_COLOR, then what the stream is (https://no-color.org). */
export function wantsColor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}
