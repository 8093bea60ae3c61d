import { describe, expect, test } from 'vitest'

import { decode, extend, fromBase64, unzip, type Series } from '../../src/block'

/** A block as the server writes it. */
function block(header: unknown, arrays: (Float64Array | Float32Array)[]): ArrayBuffer {
  const head = new TextEncoder().encode(JSON.stringify(header))
  const size = (n: number): number => (n + 7) & ~7
  const out = new Uint8Array(size(12 + head.length) + arrays.reduce((n, a) => n + size(a.byteLength), 0))
  out.set(new TextEncoder().encode('TWBLOCK1'))
  new DataView(out.buffer).setUint32(8, head.length, true)
  out.set(head, 12)
  let at = size(12 + head.length)
  for (const a of arrays) {
    out.set(new Uint8Array(a.buffer), at)
    at += size(a.byteLength)
  }
  return out.buffer
}

const columns = [
  { name: 'step', has: ['mean', 'max'], wide: true },
  { name: 'loss', has: ['mean'] },
]

function series(at: number[], loss: number[]): Series {
  const wide = Float64Array.from(at)
  return decode(
    block({ bucket_s: 2, points: at.length, whole: true, columns }, [
      wide,
      wide.map((v) => v * 1e7),
      wide.map((v) => v * 1e7 + 1),
      Float32Array.from(loss),
    ]),
  ).series
}

describe('a block', () => {
  test('is read', () => {
    const s = series([0, 2, 4], [3, 2, NaN])
    expect(s.bucketS).toBe(2)
    expect([...s.at]).toEqual([0, 2, 4])
    expect([...(s.columns.get('step')?.max ?? [])]).toEqual([1, 2e7 + 1, 4e7 + 1])
    expect([...(s.columns.get('loss')?.mean ?? [])]).toEqual([3, 2, NaN])
  })

  const good = { bucket_s: 2, points: 2, whole: true, columns }
  test.each([
    ['nothing', new ArrayBuffer(0)],
    ['something else', new TextEncoder().encode('<html><body>captive portal').buffer],
    ['a header beyond the end', block('', []).slice(0, 12)],
    ['arrays that are cut off', block(good, [new Float64Array(2)])],
    ['points without number', block({ ...good, points: 'many' }, [])],
    ['negative points', block({ ...good, points: -1 }, [])],
    ['a billion points', block({ ...good, points: 1e9 }, [])],
  ])('of %s is refused', (_, buffer) => {
    expect(() => decode(buffer)).toThrow()
  })
})

describe('more points', () => {
  test('replace from the first of them on', () => {
    const s = extend(series([0, 2, 4], [3, 2, 1]), series([4, 6], [1.5, 0.5]))
    expect([...s.at]).toEqual([0, 2, 4, 6])
    expect([...(s.columns.get('loss')?.mean ?? [])]).toEqual([3, 2, 1.5, 0.5])
  })
  test('none change nothing', () => {
    const s = series([0, 2], [3, 2])
    expect(extend(s, series([], []))).toBe(s)
  })
  test('to none are all', () => {
    expect([...extend(series([], []), series([0, 2], [3, 2])).at]).toEqual([0, 2])
  })
  test('a column that is new was unknown before', () => {
    const old = series([0, 2], [3, 2])
    old.columns.delete('loss')
    expect([...(extend(old, series([4], [1])).columns.get('loss')?.mean ?? [])]).toEqual([NaN, NaN, 1])
  })
})

test('what was packed for a report is unpacked', async () => {
  const packed = new Blob([new Uint8Array([1, 2, 3])]).stream().pipeThrough(new CompressionStream('gzip'))
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer())
  const text = btoa(String.fromCharCode(...bytes))
  expect([...new Uint8Array(await unzip(fromBase64(text)))]).toEqual([1, 2, 3])
})
