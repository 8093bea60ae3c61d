import 'uplot/dist/uPlot.min.css'
import './style.css'

import { none } from './block'
import { h, fill, icon } from './dom'
import { keys } from './keys'
import { List } from './list'
import type { Loaded } from './model'
import { report, server } from './source'
import { telemetrySwitch } from './telemetry'
import { onSystemTheme, rememberedTheme, setTheme, theme, type Theme } from './theme'
import { View } from './view'
import * as say from './format'

const mostRuns = 8

rememberedTheme()
const source = report() ?? server
const loaded = new Map<string, Loaded>()
let selected: string[] = []
let showing = 0

const view = new View((id) => toggle(id))
const list = new List({ show: (id) => void open([id]), toggle })
const state = h('span', { class: 'connection', role: 'status' })
const themeButton = h(
  'button',
  { type: 'button', class: 'quiet', on: { click: () => nextTheme() } },
  icon('M8 1a7 7 0 1 0 0 14V1z'),
  h('span', { text: 'auto' }),
)

function nextTheme(): void {
  const order: Theme[] = ['auto', 'light', 'dark']
  setTheme(order[(order.indexOf(theme()) + 1) % order.length] as Theme)
  paintTheme()
  view.repaint()
}

function paintTheme(): void {
  fill(themeButton.lastElementChild as HTMLElement, theme())
  themeButton.title = `Colours: ${theme()} (d)`
}

/** Which runs the address names. */
function named(): string[] {
  const ids = new URLSearchParams(location.hash.slice(1)).get('run')
  return ids ? ids.split(',').slice(0, mostRuns) : []
}

async function open(ids: string[]): Promise<void> {
  selected = ids
  list.select(ids)
  drawer.open = !narrow.matches
  history.replaceState(null, '', ids.length > 0 ? '#run=' + ids.join(',') : '#')
  const turn = ++showing
  unfollow()
  const results = await Promise.allSettled(
    ids.map(async (id) => {
      const known = loaded.get(id)
      if (known && !known.details.live) return known
      const run = await source.load(id)
      loaded.set(id, run)
      return run
    }),
  )
  if (turn !== showing) return // another choice was made meanwhile
  const runs = results.flatMap((r) => (r.status === 'fulfilled' ? r.value : []))
  const failed = results.find((r) => r.status === 'rejected')
  if (runs.length === 0) {
    view.message(failed ? 'The run cannot be shown: ' + reasonOf(failed.reason) : 'Choose a run.')
    return
  }
  view.show(runs)
  if (runs.length > 1) {
    source.compare(runs.map((run) => run.details.id)).then(
      (versus) => {
        if (turn === showing) view.compared(versus)
      },
      () => undefined, // the figures are there without the verdicts
    )
  }
  // A week of runs must not stay in memory because each was looked at once.
  for (const id of loaded.keys()) if (loaded.size > 2 * mostRuns && !ids.includes(id)) loaded.delete(id)
  follow(ids)
}

function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}

function toggle(id: string): void {
  const rest = selected.filter((other) => other !== id)
  if (rest.length < selected.length && rest.length > 0) void open(rest)
  else if (selected.length < mostRuns && rest.length === selected.length) void open([...selected, id])
  else list.select(selected)
}

let unfollow: () => void = () => undefined

/** Hears of what changes, for as long as somebody looks. */
function follow(ids: string[]): void {
  unfollow()
  if (!source.follow || document.hidden) return
  let pending = false
  // Many changes at once are drawn once.
  const soon = (): void => {
    if (pending) return
    pending = true
    requestAnimationFrame(() => {
      pending = false
      view.refresh()
    })
  }
  const stop = source.follow(ids, {
    changed: (id, { run, ...parts }) => {
      const known = loaded.get(id)
      if (!known) return
      known.details = { ...known.details, ...(run ?? {}), ...parts }
      soon()
    },
    series: (id, apply) => {
      const known = loaded.get(id)
      if (!known) return
      known.series = apply(known.series ?? none)
      soon()
    },
    list: () => void refreshList(),
    connected: (yes) => {
      state.textContent = yes ? '' : 'trainwatch view has ended, or cannot be reached'
    },
  })
  unfollow = () => {
    stop()
    unfollow = () => undefined
  }
}

async function refreshList(): Promise<string[]> {
  const all = await source.list()
  list.set(all)
  return all.runs.map((row) => row.id)
}

const narrow = matchMedia('(max-width: 900px)')
const drawer = h('details', { class: 'drawer' }, h('summary', { text: 'Runs' }), list.root)
drawer.open = !narrow.matches
narrow.addEventListener('change', () => {
  drawer.open = !narrow.matches
})

async function begin(): Promise<void> {
  const made = source.report
  const app = document.getElementById('app') as HTMLElement
  fill(
    app,
    h('a', { class: 'skip', href: '#main', text: 'To the charts' }),
    h(
      'header',
      { class: 'top' },
      h('h1', {}, icon('M1 11h3l2-7 3 10 2-6h4'), 'trainwatch'),
      made
        ? h('span', {
            class: 'made',
            text: `report of ${say.clock(made.made)} · ${made.private ? 'with' : 'without'} names, commands and messages`,
          })
        : null,
      state,
      h(
        'div',
        { class: 'actions' },
        source.telemetry ? telemetrySwitch(source.telemetry) : null,
        themeButton,
      ),
    ),
    h('div', { class: 'body' }, drawer, view.root),
  )
  paintTheme()
  keys({ view, list, toggleTheme: nextTheme, open: (id) => void open([id]) })
  onSystemTheme(() => view.repaint())
  addEventListener('hashchange', () => {
    const ids = named()
    if (ids.length > 0 && ids.join() !== selected.join()) void open(ids)
  })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) unfollow()
    else if (selected.length > 0) void open(selected)
  })
  setInterval(() => view.tick(), 1000)

  // The run that the address names need not wait for the list.
  const wanted = named()
  const first = wanted.length > 0 ? open(wanted) : undefined
  try {
    const ids = await refreshList()
    drawer.classList.toggle('alone', made !== undefined && ids.length < 2)
    if (first) await first
    else if (made) await open(ids.slice(0, mostRuns))
    else if (ids[0]) await open([ids[0]])
    else {
      view.message(
        h('h2', { text: 'No run is recorded here yet' }),
        h(
          'p',
          {},
          'Start one with ',
          h('code', { text: 'trainwatch run -- COMMAND' }),
          '; it appears here by itself.',
        ),
      )
      follow([])
    }
  } catch (err) {
    view.message('The runs cannot be listed: ' + reasonOf(err))
  }
}

void begin()
