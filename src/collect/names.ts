/** Headers as column names: white space at the ends is taken off, empty ones are numbered, repeated ones get `_2`, … */
export function columnNames(header: readonly string[]): { names: string[]; notes: string[] } {
  const taken = new Set<string>();
  const notes: string[] = [];
  const names = header.map((cell, index) => {
    const base = cell.trim() === '' ? `column_${index + 1}` : cell.trim();
    let name = base;
    for (let copy = 2; taken.has(name); copy++) name = `${base}_${copy}`;
    if (cell.trim() === '') notes.push(`column ${index + 1} has no name in the header and is called "${name}"`);
    else if (name !== base) notes.push(`the header repeats "${base}": column ${index + 1} is called "${name}"`);
    taken.add(name);
    return name;
  });
  return { names, notes };
}
