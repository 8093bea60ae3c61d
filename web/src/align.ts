// Lines with points of their own, brought onto one axis for one chart.

import type { Points } from './panels'

export type Aligned = (number | null | undefined)[]

/** All positions of the lines in order, each once. */
export function union(all: Points[]): Float64Array {
  const distinct = [...new Set(all)]
  const only = distinct[0]
  if (distinct.length === 1 && only && rising(only)) return Float64Array.from(only)
  const joined = new Float64Array(distinct.reduce((n, x) => n + x.length, 0))
  let n = 0
  for (const x of distinct) {
    joined.set(x, n)
    n += x.length
  }
  joined.sort()
  let kept = 0
  for (let i = 0; i < joined.length; i++) {
    const v = joined[i] as number
    if (Number.isFinite(v) && (kept === 0 || v !== joined[kept - 1])) joined[kept++] = v
  }
  return joined.subarray(0, kept)
}

function rising(x: Points): boolean {
  for (let i = 1; i < x.length; i++) if (!((x[i] as number) > (x[i - 1] as number))) return false
  return true
}

/** How far apart two points are where nothing is missing between them. */
export function pace(x: Points): number {
  const gaps: number[] = []
  const every = Math.max(1, Math.floor(x.length / 512))
  for (let i = every; i < x.length; i += every)
    gaps.push(((x[i] as number) - (x[i - every] as number)) / every)
  gaps.sort((a, b) => a - b)
  return gaps[gaps.length >> 1] ?? Infinity
}

/**
 * The values of one line at the positions of axis. null breaks the line, where
 * a value is unknown or nothing was sampled; undefined is somebody else's
 * position, over which it goes on. Of several values at one position the last
 * one holds.
 */
export function align(axis: Float64Array, x: Points, y: Points, span: boolean): Aligned {
  const out: Aligned = new Array<undefined>(axis.length).fill(undefined)
  const usual = span ? 0 : pace(x)
  const longest = usual > 0 ? usual * 8 : Infinity
  let at = 0
  let last = NaN
  for (let i = 0; i < x.length; i++) {
    const position = x[i] as number
    while (at < axis.length && (axis[at] as number) < position) at++
    if (axis[at] !== position) continue
    const v = y[i] as number
    if (Number.isFinite(v)) out[at] = v
    else if (!span && out[at] === undefined) out[at] = null
    if (position - last > longest) {
      // Nothing was sampled in between, and a line there would claim it was.
      if (at > 0 && out[at - 1] === undefined) out[at - 1] = null
      else breakBefore(out, at)
    }
    last = position
  }
  return out
}

// Two neighbouring positions leave no place for the break: the later point pays.
function breakBefore(out: Aligned, at: number): void {
  if (at > 0 && typeof out[at] === 'number') out[at] = null
}
