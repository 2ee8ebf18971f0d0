/**
 * The lines of a text that is broken at spaces, and inside words that are too long, so that each line is at most `width` wide.
 *
 * `measure` gives the width of a line: letters in a terminal, pixels in a picture. Line feeds in the text stay breaks.
 */
export function wrapText(text: string, width: number, measure: (line: string) => number): string[] {
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

function pieces(word: string, width: number, measure: (line: string) => number): string[] {
  const parts = [''];
  for (const letter of word) {
    const longer = parts.at(-1)! + letter;
    if (parts.at(-1) === '' || measure(longer) <= width) parts[parts.length - 1] = longer;
    else parts.push(letter);
  }
  return parts;
}
