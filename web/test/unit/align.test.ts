import { expect, test } from 'vitest'

import { align, pace, union } from '../../src/align'

test('positions of several lines are merged, each once', () => {
  expect([...union([[1, 3, 5], [2, 3, 4], [9]])]).toEqual([1, 2, 3, 4, 5, 9])
  expect([...union([[1, 1, 2]])]).toEqual([1, 2])
  expect([...union([[NaN, 2, Infinity]])]).toEqual([2])
  expect([...union([])]).toEqual([])
})

test('values stand at their positions', () => {
  const axis = Float64Array.of(1, 2, 3, 4)
  expect(align(axis, [1, 3], [10, 30], true)).toEqual([10, undefined, 30, undefined])
})

test('an unknown value breaks a line, or is bridged', () => {
  const axis = Float64Array.of(1, 2, 3)
  expect(align(axis, axis, [1, NaN, 3], false)).toEqual([1, null, 3])
  expect(align(axis, axis, [1, NaN, 3], true)).toEqual([1, undefined, 3])
  expect(align(axis, axis, [1, Infinity, 3], true)).toEqual([1, undefined, 3])
})

test('where nothing was sampled the line is broken', () => {
  const x = [0, 2, 4, 6, 8, 10, 100, 102]
  const y = x.map(() => 1)
  const axis = Float64Array.from([...x.slice(0, 6), 50, 100, 102])
  expect(align(axis, x, y, false)).toEqual([1, 1, 1, 1, 1, 1, null, 1, 1])
  expect(align(axis, x, y, true)[6]).toBeUndefined()
})

test('the usual distance is the median', () => {
  expect(pace([0, 2, 4, 6, 100])).toBe(2)
  expect(pace([])).toBe(Infinity)
})

test('of values at one position the last holds', () => {
  expect(align(Float64Array.of(1, 2), [1, 1, 2], [5, 6, 7], true)).toEqual([6, 7])
})
