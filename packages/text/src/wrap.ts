/**
 * The lines of a text that is broken at spaces, and inside words that are too long, so that each line is at most
 * `width` wide.
 *
 * `measure` gives the width of a line: letters in a terminal, as unless given, pixels in a picture. Line feeds in the
 * text stay breaks.
 */
export function wrapText(text: string, width: number, measure: (line: string) => number = lengthOf): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [''];
    for (const word of paragraph.split(' ').filter((part) => part !== '')) {
      const joined = lines.at(-1) === '' ? word : `${lines.at(-1)!} ${word}`;
      if (measure(joined) <= width) {
        lines[lines.length - 1] = joined;
        continue;
      }
      if (lines.at(-1) === '') lines.pop();
      for (const piece of pieces(word, width, measure)) lines.push(piece);
    }
    return lines;
  });
}

function lengthOf(line: string): number {
  return line.length;
}

function pieces(word: string, width: number, measure: (line: string) => number): string[] {
  const parts = [''];
  for (const letter of word) {
    const longer = parts.at(-1)! + letter;
    if (parts.at(-1) === '' || measure(longer) <= width) parts[parts.length - 1] = longer;
    else parts.push(letter);
  }
  return parts;
}

/**
 * Lines as `wrapText` makes them, of each paragraph at most so many: one that is longer ends in `...`.
 *
 * A text that nobody has bounded costs as much as what is left of it: `most` lines of a few hundred letters each.
 */
export function wrapAndCut(text: string, width: number, measure: (line: string) => number, most: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const bounded = paragraph.slice(0, most * MOST_LETTERS);
    const lines = wrapText(bounded, width, measure);
    if (lines.length <= most && bounded.length === paragraph.length) return lines;
    return [...lines.slice(0, most - 1), shortened(lines[most - 1] ?? '', width, measure)];
  });
}

/** More letters than a line of any picture or terminal has. */
const MOST_LETTERS = 1000;

/** A line with an ellipsis at its end, for which as many letters give way as it takes. */
function shortened(line: string, width: number, measure: (line: string) => number): string {
  const letters = Array.from(line);
  while (letters.length > 0 && measure(`${letters.join('')}...`) > width) letters.pop();
  return `${letters.join('').trimEnd()}...`;
}
