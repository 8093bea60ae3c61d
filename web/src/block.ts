// The time series of a run as the server packs it; internal/view/block.go says
// how. What does not fit is an error, never a long loop: sizes are checked first.

export type Which = 'mean' | 'min' | 'max'
export type Numbers = Float64Array | Float32Array

export interface Series {
  bucketS: number
  at: Float64Array // where each point begins, seconds since the run started
  columns: Map<string, Partial<Record<Which, Numbers>>>
}

interface Header {
  bucket_s: number
  points: number
  whole: boolean
  columns: { name: string; has: Which[]; wide?: boolean }[]
}

const magic = 'TWBLOCK1'
const mostPoints = 1 << 16

export const none: Series = { bucketS: 1, at: new Float64Array(), columns: new Map() }

export function decode(buffer: ArrayBuffer): { series: Series; whole: boolean } {
  const bytes = new Uint8Array(buffer)
  if (buffer.byteLength < 12 || String.fromCharCode(...bytes.subarray(0, 8)) !== magic) {
    throw new Error('this is no time series')
  }
  const length = new DataView(buffer).getUint32(8, true)
  if (12 + length > buffer.byteLength) throw new Error('the time series is cut off')
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length))) as Header
  const points = header.points
  if (!Number.isInteger(points) || points < 0 || points > mostPoints) {
    throw new Error(`a time series of ${String(points)} points`)
  }
  let offset = align(12 + length)
  const take = (wide: boolean): Numbers => {
    const size = points * (wide ? 8 : 4)
    if (offset + size > buffer.byteLength) throw new Error('the time series is cut off')
    const array = wide ? new Float64Array(buffer, offset, points) : new Float32Array(buffer, offset, points)
    offset = align(offset + size)
    return array
  }
  const at = take(true) as Float64Array
  const columns = new Map<string, Partial<Record<Which, Numbers>>>()
  for (const column of header.columns) {
    const arrays: Partial<Record<Which, Numbers>> = {}
    for (const which of column.has) arrays[which] = take(column.wide === true)
    columns.set(column.name, arrays)
  }
  return { series: { bucketS: header.bucket_s, at, columns }, whole: header.whole }
}

function align(offset: number): number {
  return (offset + 7) & ~7
}

/** Adds what followed: points from the first of tail on replace those there are. */
export function extend(series: Series, tail: Series): Series {
  const from = tail.at[0]
  if (from === undefined) return series
  let keep = series.at.length
  while (keep > 0 && (series.at[keep - 1] as number) >= from) keep--
  const columns: Series['columns'] = new Map()
  for (const [name, arrays] of tail.columns) {
    const old = series.columns.get(name)
    const joined: Partial<Record<Which, Numbers>> = {}
    for (const which of Object.keys(arrays) as Which[]) {
      joined[which] = join(old?.[which], keep, arrays[which] as Numbers)
    }
    columns.set(name, joined)
  }
  return { bucketS: tail.bucketS, at: join(series.at, keep, tail.at) as Float64Array, columns }
}

function join(old: Numbers | undefined, keep: number, more: Numbers): Numbers {
  const all =
    more instanceof Float64Array ? new Float64Array(keep + more.length) : new Float32Array(keep + more.length)
  if (old) all.set(old.subarray(0, keep))
  else all.fill(NaN, 0, keep)
  all.set(more, keep)
  return all
}

/** The bytes behind base64 text. */
export function fromBase64(text: string): ArrayBuffer {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes.buffer
}

/** Undoes gzip. */
export async function unzip(buffer: ArrayBuffer): Promise<ArrayBuffer> {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}
