// Numbers as the tables write them: three digits and an engineering prefix.

const PREFIXES = {
  "-15": "f", "-12": "p", "-9": "n", "-6": "u", "-3": "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E",
};

function engineering(value, unit) {
  if (value === null) return "unknown";
  if (value === 0) return `0 ${unit}`;
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(3)))));
  const step = Math.min(Math.max(3 * Math.floor(exponent / 3), -15), 18);
  const digits = (value / 10 ** step).toFixed(Math.max(0, 2 - (exponent - step)));
  return `${digits} ${PREFIXES[step]}${unit}`;
}

// A tick needs no more digits than it has.
function tickText(value, unit) {
  const [number, ...rest] = engineering(value, unit).split(" ");
  return [String(Number(number)), ...rest].join(" ");
}

// A number without a unit: in full while it is short, else with a prefix.
function plain(value) {
  if (value === null) return "-";
  return value === 0 || (value >= 0.001 && value < 1000) ? String(Number(value.toPrecision(3))) : engineering(value, "").trim();
}

const joules = (pj) => engineering(pj === null ? null : pj * 1e-12, "J");
const seconds = (s) => engineering(s, "s");

function percent(part, whole) {
  if (!whole) return "-";
  const share = (100 * part) / whole;
  return share > 0 && share < 0.5 ? "<1%" : `${share.toFixed(0)}%`;
}
