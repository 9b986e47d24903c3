// Walking rows of chips by keyboard.

/**
 * Where an arrow key, Home or End leads from place `at` of row `row`; nothing for another key or past a row's end.
 * @template T
 * @param {T[][]} rows none of them empty
 * @param {number} row
 * @param {number} at
 * @param {string} key
 * @returns {T | undefined}
 */
export function walk(rows, row, at, key) {
  /** @param {number} r */
  const level = (r) => {
    const line = rows[Math.min(rows.length - 1, Math.max(0, r))];
    return line[Math.min(at, line.length - 1)];
  };
  switch (key) {
    case "ArrowRight":
      return rows[row][at + 1];
    case "ArrowLeft":
      return rows[row][at - 1];
    case "ArrowDown":
      return level(row + 1);
    case "ArrowUp":
      return level(row - 1);
    case "Home":
      return rows[row][0];
    case "End":
      return rows[row].at(-1);
    default:
      return undefined;
  }
}
