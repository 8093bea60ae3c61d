// How axes are divided and labelled.

import * as say from './format'
import type { Axis, Unit } from './panels'

const minute = 60
const hour = 3600
const day = 86400

/** Distances of ticks on an axis of time, in seconds. */
export const timeSteps = [
  0.01,
  0.02,
  0.05,
  0.1,
  0.2,
  0.5,
  1,
  2,
  5,
  10,
  15,
  30,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  28 * day,
]

const tens = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)).flatMap((ten) => [ten, 2 * ten, 5 * ten])

/** Distances of ticks on an axis of whole steps. */
export const stepSteps = tens(0, 12)

/** Distances of ticks on an axis of bytes: what is round in binary. */
export const byteSteps = Array.from({ length: 50 }, (_, i) => 2 ** i)

/** Distances of ticks on an axis of percents, watts and such. */
export const plainSteps = tens(-12, 12)

export function positionWords(axis: Axis, splits: readonly number[]): string[] {
  const apart = splits.length > 1 ? (splits[1] as number) - (splits[0] as number) : 1
  return splits.map((v) => (axis === 'time' ? say.moment(v, apart) : stepWord(v)))
}

function stepWord(v: number): string {
  if (v >= 1e4)
    return say
      .scaled(v)
      .replace(/(\.\d*?)0+(?= )/, '$1')
      .replace(/\.(?= )/, '')
  return say.count(v)
}

/** Labels of a value axis: one unit for all, the one that suits the largest. */
export function valueWords(unit: Unit, splits: readonly number[]): string[] {
  const largest = Math.max(...splits.map(Math.abs))
  const apart = splits.length > 1 ? Math.abs((splits[1] as number) - (splits[0] as number)) : largest
  switch (unit) {
    case 'bytes': {
      const [size, name] = say.binary(largest)
      return splits.map((v) => (v === 0 ? '0' : `${plain(v / size, apart / size)} ${name}`))
    }
    case 'ms': {
      const [size, name] =
        largest < 1 ? [1e-3, 'µs'] : largest < 1e3 ? [1, 'ms'] : largest < 12e4 ? [1e3, 's'] : [6e4, 'min']
      return splits.map((v) => (v === 0 ? '0' : `${plain(v / size, apart / size)} ${name}`))
    }
    case 'percent':
      return splits.map((v) => `${plain(v, apart)} %`)
    case 'watts':
      return splits.map((v) =>
        largest >= 1e4 ? `${plain(v / 1e3, apart / 1e3)} kW` : `${plain(v, apart)} W`,
      )
    case 'celsius':
      return splits.map((v) => `${plain(v, apart)} °C`)
    default:
      return splits.map((v) => axisNumber(v, apart, largest))
  }
}

function axisNumber(v: number, apart: number, largest: number): string {
  if (v === 0) return '0'
  if (largest >= 1e4) {
    const [size, name] = largest >= 1e9 ? [1e9, 'G'] : largest >= 1e6 ? [1e6, 'M'] : [1e3, 'k']
    return `${plain(v / size, apart / size)} ${name}`
  }
  if (largest < 1e-2) return v.toExponential(apart < largest / 10 ? 1 : 0)
  return plain(v, apart)
}

// As many digits behind the point as tell two neighbouring ticks apart.
function plain(v: number, apart: number): string {
  const places = apart > 0 && Number.isFinite(apart) ? Math.max(0, Math.ceil(-Math.log10(apart) - 1e-9)) : 0
  return v.toFixed(Math.min(places, 6))
}
