// Finds people in a roll as the server does: a piece of the name, the household's number, the ID's last places.

export function matching(roll, text, most) {
  if (text === "") return [];
  const tail = text.toUpperCase();
  const found = [];
  for (const person of roll) {
    const [, name, household, last] = person;
    if (name.includes(text) || household.startsWith(text) || last === tail) found.push(person);
    if (found.length === most) break;
  }
  return found;
}
