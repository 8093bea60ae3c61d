// The keyboard.

import { h } from './dom'
import type { List } from './list'
import type { View } from './view'

const help: [string, string][] = [
  ['+  −', 'zoom in and out'],
  ['shift ←  →', 'move left and right'],
  ['0  Esc', 'show the whole run'],
  ['t', 'over time, or over steps'],
  ['Tab, then ←  →', 'point at a moment in a chart'],
  ['/', 'filter the runs'],
  ['j  k', 'next and previous run'],
  ['x', 'on a run in the list: lay it over'],
  ['d', 'light, dark, or as the system is'],
  ['?', 'these keys'],
]

interface Parts {
  view: View
  list: List
  toggleTheme: () => void
  open: (id: string) => void
}

export function keys({ view, list, toggleTheme, open }: Parts): void {
  const dialog = h(
    'dialog',
    { class: 'keys', aria: { label: 'Keys' } },
    h('h2', { text: 'Keys' }),
    h(
      'dl',
      { class: 'facts' },
      ...help.flatMap(([key, does]) => [h('dt', {}, h('kbd', { text: key })), h('dd', { text: does })]),
    ),
    h('button', { type: 'button', text: 'Close', on: { click: () => dialog.close() } }),
  )
  document.body.append(dialog)
  const beside = (by: 1 | -1): void => {
    const id = list.beside(by)
    if (id) open(id)
  }
  const does: Record<string, () => void> = {
    '+': () => view.link.scale(0.5),
    '=': () => view.link.scale(0.5),
    '-': () => view.link.scale(2),
    '0': () => view.link.zoom(null),
    Escape: () => view.link.zoom(null),
    t: () => view.setAxis(view.axis === 'time' ? 'step' : 'time'),
    '/': () => list.filter.focus(),
    j: () => beside(1),
    k: () => beside(-1),
    d: toggleTheme,
    '?': () => dialog.showModal(),
  }
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || document.querySelector('dialog[open]')) return
    const on = e.target as HTMLElement
    if (on instanceof HTMLInputElement && on.type === 'search') {
      if (e.key === 'Escape') on.blur()
      return
    }
    if (e.shiftKey && (e.key === 'ArrowLeft' || e.key === 'ArrowRight')) {
      e.preventDefault()
      view.link.pan(e.key === 'ArrowLeft' ? -0.25 : 0.25)
      return
    }
    const act = does[e.key]
    if (!act) return
    e.preventDefault()
    act()
  })
}
