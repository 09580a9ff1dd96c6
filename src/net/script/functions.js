// The functions that proxy scripts may call ("Navigator Proxy Auto-Config File Format", Netscape, 1996).
// `__resolve` gives the IPv4 address of a name or nothing, `__address` that of this machine.

function isPlainHostName(host) {
  return !/[.:]/.test(host);
}

function dnsDomainIs(host, domain) {
  return String(host).toLowerCase().endsWith(String(domain).toLowerCase());
}

function localHostOrDomainIs(host, name) {
  host = String(host).toLowerCase();
  name = String(name).toLowerCase();
  return host === name || (isPlainHostName(host) && name.startsWith(host + "."));
}

function isResolvable(host) {
  return dnsResolve(host) !== null;
}

function dnsResolve(host) {
  const address = __resolve(String(host));
  return address === undefined ? null : address;
}

function myIpAddress() {
  return __address();
}

function dnsDomainLevels(host) {
  return String(host).split(".").length - 1;
}

// The four numbers of an address; nothing if the text is none.
function __numbers(address) {
  const parts = String(address).split(".");
  const good = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && part <= 255);
  return good ? parts.map(Number) : null;
}

// It has a sign, as in browsers: scripts compare it with what `&` gives.
function convert_addr(address) {
  const [a, b, c, d] = __numbers(address) || [0, 0, 0, 0];
  return (a << 24) | (b << 16) | (c << 8) | d;
}

function isInNet(host, pattern, mask) {
  const address = dnsResolve(host);
  if (address === null || __numbers(pattern) === null || __numbers(mask) === null) {
    return false;
  }
  const bits = convert_addr(mask);
  return (convert_addr(address) & bits) === (convert_addr(pattern) & bits);
}

// `*` is any run of characters, `?` any one of them. Goes back to the last star only, so it is never slow.
function shExpMatch(text, pattern) {
  text = String(text);
  pattern = String(pattern);
  let at = 0, of = 0, star = -1, taken = 0;
  while (at < text.length) {
    if (of < pattern.length && pattern[of] === "*") {
      star = of++;
      taken = at;
    } else if (of < pattern.length && (pattern[of] === "?" || pattern[of] === text[at])) {
      at++;
      of++;
    } else if (star >= 0) {
      of = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[of] === "*") {
    of++;
  }
  return of === pattern.length;
}

// The arguments without a "GMT" at their end, and the time of now in its parts.
function __now(given) {
  const values = Array.from(given);
  const now = new Date();
  if (values.length > 0 && values[values.length - 1] === "GMT") {
    values.pop();
    return {
      values, day: now.getUTCDay(), year: now.getUTCFullYear(), month: now.getUTCMonth(), date: now.getUTCDate(),
      time: [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()],
    };
  }
  return {
    values, day: now.getDay(), year: now.getFullYear(), month: now.getMonth(), date: now.getDate(),
    time: [now.getHours(), now.getMinutes(), now.getSeconds()],
  };
}

// Whether a number lies in a range that may go over its end, such as Friday to Monday.
function __within(number, from, to) {
  return from <= to ? from <= number && number <= to : number >= from || number <= to;
}

function weekdayRange() {
  const { values, day } = __now(arguments);
  const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
  const [from, to] = [values[0], values.length > 1 ? values[1] : values[0]].map((name) => days.indexOf(name));
  return from >= 0 && to >= 0 && __within(day, from, to);
}

// Days, months and years: one date of which all that is given must fit, or two of one kind.
function dateRange() {
  const { values, year, month, date } = __now(arguments);
  const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
  const parts = values.map((part) => {
    if (typeof part === "string") {
      return { weight: 100, given: months.indexOf(part), now: month };
    }
    return part > 31 ? { weight: 10000, given: part, now: year } : { weight: 1, given: part, now: date };
  });
  if (parts.length === 0 || !parts.every((part) => part.given >= 0)) {
    return false;
  }
  const kinds = (some) => some.map((part) => part.weight).join();
  const [first, last] = [parts.slice(0, parts.length / 2), parts.slice(parts.length / 2)];
  const [from, to] = kinds(first) === kinds(last) ? [first, last] : [parts, parts];
  const number = (some, which) => some.reduce((sum, part) => sum + part.weight * part[which], 0);
  return __within(number(from, "now"), number(from, "given"), number(to, "given"));
}

function timeRange() {
  const { values, time } = __now(arguments);
  const seconds = ([hours, minutes, rest]) => (hours || 0) * 3600 + (minutes || 0) * 60 + (rest || 0);
  const now = seconds(time);
  switch (values.length) {
    case 1:
      return time[0] === values[0];
    case 2:
      return __within(time[0], values[0], values[1]);
    case 4:
    case 6: {
      const half = values.length / 2;
      // To the end of the last minute or second.
      const to = seconds(values.slice(half)) + (half === 2 ? 59 : 0);
      return __within(now, seconds(values.slice(0, half)), to);
    }
    default:
      return false;
  }
}
