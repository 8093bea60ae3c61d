// Numbers in words, the way the commands say them.

export const unknown = '–'

/** Three digits of a number below a thousand. */
export function digits(v: number): string {
  const a = Math.abs(v)
  if (v === 0) return '0'
  if (a < 9.995) return v.toFixed(2)
  if (a < 99.95) return v.toFixed(1)
  return v.toFixed(0)
}

/** Milliseconds with three digits, in a unit that suits. */
export function millis(ms: number): string {
  if (!(ms >= 0)) return unknown
  if (ms === 0) return '0 ms'
  if (ms < 0.9995) return digits(ms * 1e3) + ' µs'
  if (ms < 999.5) return digits(ms) + ' ms'
  if (ms < 9995) return digits(ms / 1e3) + ' s'
  return seconds(ms / 1e3)
}

/** Seconds in at most two units. */
export function seconds(s: number): string {
  if (!(s >= 0) || s > 1e10) return unknown
  if (s === 0) return '0 s'
  if (s < 0.9995) return millis(s * 1e3)
  if (s < 9.95) return s.toFixed(1) + ' s'
  if (s < 59.5) return s.toFixed(0) + ' s'
  const n = Math.round(s)
  const two = (v: number): string => String(v).padStart(2, '0')
  if (n < 3600) return `${Math.floor(n / 60)}m ${two(n % 60)}s`
  if (n < 86400) return `${Math.floor(n / 3600)}h ${two(Math.floor((n % 3600) / 60))}m`
  return `${Math.floor(n / 86400)}d ${two(Math.floor((n % 86400) / 3600))}h`
}

/** A moment of the run, for an axis with ticks that far apart. */
export function moment(s: number, apart: number): string {
  if (s === 0) return '0'
  if (apart < 1) return `${Number(s.toFixed(2))} s`
  const n = Math.round(s)
  const d = Math.floor(n / 86400)
  const h = Math.floor((n % 86400) / 3600)
  const m = Math.floor((n % 3600) / 60)
  const rest = n % 60
  if (apart < 60 && n >= 3600) {
    const two = (v: number): string => String(v).padStart(2, '0')
    return `${d ? `${d}d ` : ''}${h}:${two(m)}:${two(rest)}`
  }
  const parts = [d ? `${d}d` : '', h ? `${h}h` : '', m ? `${m}m` : '', rest ? `${rest}s` : ''].filter(Boolean)
  return parts.slice(0, d ? 3 : 2).join(' ')
}

/** Bytes in binary units, as memory is counted. */
export function bytes(n: number): string {
  const [unit, name] = binary(Math.abs(n))
  return digits(n / unit) + ' ' + name
}

export function binary(n: number): [number, string] {
  let unit = 1
  for (const name of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (n / unit < 999.5) return [unit, name]
    unit *= 1024
  }
  return [unit, 'PiB']
}

/** A whole number with commas between the thousands. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return unknown
  return Math.round(n).toLocaleString('en-US')
}

/** A large number with three digits and a letter for its thousands. */
export function scaled(v: number): string {
  if (!Number.isFinite(v)) return unknown
  let a = v
  for (const unit of ['', ' k', ' M', ' G', ' T']) {
    if (Math.abs(a) < 999.5) return digits(a) + unit
    a /= 1e3
  }
  return v.toExponential(2)
}

/** Four digits of anything: losses, rates. */
export function number(v: number): string {
  if (!Number.isFinite(v)) return unknown
  const a = Math.abs(v)
  if (a >= 999.5 && a < 1e15) return count(v)
  if (a !== 0 && (a < 1e-4 || a >= 1e15)) return v.toExponential(2)
  return String(Number(v.toPrecision(4)))
}

export function percent(v: number): string {
  return v.toFixed(v !== 0 && Math.abs(v) < 9.95 ? 1 : 0) + ' %'
}

export function watts(v: number): string {
  return v >= 9995 ? digits(v / 1e3) + ' kW' : v.toFixed(0) + ' W'
}

/** Joules the way the electricity bill says them, where that is more than a trifle. */
export function energy(j: number): string {
  if (j >= 3.6e6) return digits(j / 3.6e6) + ' kWh'
  if (j >= 3.6e3) return digits(j / 3.6e3) + ' Wh'
  return digits(j) + ' J'
}

export function celsius(v: number): string {
  return v.toFixed(0) + ' °C'
}

/** When, for people: near times by their distance, far ones by date. */
export function ago(now: number, then: string | undefined): string {
  const t = then ? Date.parse(then) : NaN
  if (!Number.isFinite(t)) return ''
  const d = (now - t) / 1000
  if (d < -60 || d >= 30 * 86400) return new Date(t).toISOString().slice(0, 10)
  if (d < 5) return 'just now'
  if (d < 60) return `${Math.floor(d)}s ago`
  if (d < 3600) return `${Math.floor(d / 60)}m ago`
  if (d < 48 * 3600) return `${Math.floor(d / 3600)}h ago`
  return `${Math.floor(d / 86400)}d ago`
}

export function clock(then: string | undefined): string {
  const t = then ? new Date(then) : undefined
  if (!t || !Number.isFinite(t.getTime())) return ''
  const two = (v: number): string => String(v).padStart(2, '0')
  return (
    `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ` +
    `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`
  )
}

/** A command as one could type it. */
export function commandLine(argv: readonly string[]): string {
  return argv
    .map((arg) => (/^[\p{L}\p{N}\-_./=:,@%+]+$/u.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

/** A name of a thing from its JSON name. */
export function words(name: string): string {
  return name.replaceAll('_', ' ')
}
