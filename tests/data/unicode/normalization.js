// Writes the cases of Unicode's NormalizationTest.txt anew with the ICU of Node.js: `node normalization.js > normalization.txt`.
// Columns as there: source; NFC; NFD; NFKC; NFKD, as code points. Every character that a form changes (of the Hangul
// syllables, which one rule composes, every 61st), and every combining mark between others (part 2 there).
const hex = (s) => [...s].map((c) => c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")).join(" ");
const forms = (s) => [s, ...["NFC", "NFD", "NFKC", "NFKD"].map((form) => s.normalize(form))];
const row = (s) => console.log(forms(s).map(hex).join(";"));
console.log(`# Unicode ${process.versions.unicode}, ICU ${process.versions.icu}`);
for (let code = 0x80; code <= 0x10ffff; code++) {
  if (code >= 0xd800 && code <= 0xdfff) continue;
  if (code >= 0xac00 && code <= 0xd7a3 && (code - 0xac00) % 61) continue;
  const c = String.fromCodePoint(code);
  if (forms(c).some((form) => form !== c)) row(c);
}
for (let code = 0x300; code <= 0x1ffff; code++) {
  if (code >= 0xd800 && code <= 0xdfff) continue;
  const mark = String.fromCodePoint(code);
  if (!/\p{Mn}/u.test(mark)) continue;
  row(`a\u0315\u0300\u05ae${mark}b`);
}
