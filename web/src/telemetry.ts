// The telemetry switch: what `trainwatch telemetry status`, `on` and `off` say
// and do.

import { h, fill } from './dom'
import type { Source } from './source'
import type { Telemetry } from './model'

const short: Record<Telemetry['mode'], string> = {
  on: 'Telemetry on',
  off: 'Telemetry off',
  undecided: 'Telemetry undecided',
}

export function telemetrySwitch(source: NonNullable<Source['telemetry']>): HTMLElement {
  const name = h('span', { text: 'Telemetry' })
  const opener = h(
    'button',
    { type: 'button', class: 'quiet telemetry', aria: { haspopup: 'dialog' } },
    h('i', { class: 'dot', aria: { hidden: 'true' } }),
    name,
  )
  const lines = h('dl', { class: 'facts' })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const yes = h('button', { type: 'button', text: 'Say yes, for good' })
  const no = h('button', { type: 'button', text: 'Say no, for good' })
  const close = h('button', { type: 'button', class: 'quiet', text: 'Close' })
  const dialog = h(
    'dialog',
    { aria: { labelledby: 'telemetry-title' } },
    h('h2', { id: 'telemetry-title', text: 'What leaves this machine' }),
    h('p', {
      class: 'faint',
      text:
        'Telemetry sends figures of runs and names from closed lists to whoever the PostHog key belongs to, ' +
        'never text of yours. A no wins over every yes, wherever either stands. What this page shows stays here either way.',
    }),
    lines,
    problem,
    h('div', { class: 'buttons' }, no, yes, close),
  )

  const show = (status: Telemetry): void => {
    opener.dataset['mode'] = status.mode
    name.textContent = short[status.mode]
    fill(lines, ...status.lines.flatMap((l) => [h('dt', { text: l.what }), h('dd', { text: l.text })]))
    yes.disabled = status.yes !== undefined
    yes.title = status.yes ?? ''
    if (status.yes !== undefined) fill(problem, 'No yes can be given here: ' + status.yes)
    else fill(problem)
  }
  const failed = (err: unknown): void => fill(problem, err instanceof Error ? err.message : String(err))
  const decide = (answer: boolean) => (): void => {
    source.decide(answer).then(show, failed)
  }
  yes.addEventListener('click', decide(true))
  no.addEventListener('click', decide(false))
  close.addEventListener('click', () => dialog.close())
  opener.addEventListener('click', () => {
    source.status().then(show, failed)
    dialog.showModal()
  })
  source.status().then(show, failed)
  return h('div', {}, opener, dialog)
}
