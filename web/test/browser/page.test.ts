import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { drawn, launch, Live, make, newHome, open, pictures, snap, View, type Watched } from './site'

let browser: Browser
let home: string
let view: View

beforeAll(async () => {
  browser = await launch()
  home = newHome()
  await make(home, '-name', 'baseline', '-length', '6h', '-every', '8s')
  await make(
    home,
    '-name',
    'retry',
    '-length',
    '2h',
    '-every',
    '4s',
    '-kind',
    'failed',
    '-slower',
    '1.1',
    '-steady',
  )
  await make(home, '-name', 'tuned', '-length', '1h', '-slower', '0.9', '-seed', '2', '-steady')
  view = await View.begin(home)
})

afterAll(async () => {
  await browser.close()
  await view.end()
})

/** Nothing was said, and nobody else was asked anything. */
function quiet({ said, asked }: Watched, origin: string): void {
  expect(said).toEqual([])
  expect(asked.filter((url) => new URL(url).origin !== origin)).toEqual([])
}

async function on<T>(f: (w: Watched) => Promise<T>, options = {}, url = view.url): Promise<T> {
  const w = await open(browser, url, options)
  try {
    return await f(w)
  } finally {
    await w.close()
  }
}

const choose = async ({ page }: Watched, name: string): Promise<void> => {
  await page.locator('.runs .open', { hasText: name }).click()
  await page.locator('.heading h2', { hasText: name }).waitFor()
}

describe('the page', () => {
  test('shows the runs and the last one', () =>
    on(async (w) => {
      await drawn(w.page)
      expect(await w.page.locator('.runs li').count()).toBe(3)
      expect(await w.page.locator('.heading h2').textContent()).toBe('tuned')
      expect(Object.keys(await pictures(w.page)).sort()).toEqual(
        [
          'cpu',
          'gpumem',
          'host',
          'loss',
          'lr',
          'norm',
          'power',
          'rate',
          'sm',
          'step',
          'temp',
          'timeline',
          'util',
        ].sort(),
      )
      await snap(w.page, 'light', true)
      quiet(w, view.origin)
    }))

  test('says how a run ended', () =>
    on(async (w) => {
      await choose(w, 'retry')
      expect(await w.page.locator('.heading .badge').textContent()).toBe('gpu oom')
      expect(await w.page.locator('.heading pre').textContent()).toContain('CUDA out of memory')
      await snap(w.page, 'failed')
      quiet(w, view.origin)
    }))

  test('zooms all charts together, and back', () =>
    on(async (w) => {
      await drawn(w.page)
      const before = await pictures(w.page)
      const box = await w.page.locator('[data-panel=loss] .u-over').boundingBox()
      if (!box) throw new Error('the loss has no chart')
      await w.page.mouse.move(box.x + box.width * 0.3, box.y + 50)
      await w.page.mouse.down()
      await w.page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 4 })
      await w.page.mouse.up()
      await w.page.mouse.move(10, 10)
      await w.page.getByText('All', { exact: true }).and(w.page.locator(':enabled')).waitFor()
      const zoomed = await pictures(w.page)
      for (const name of Object.keys(before)) expect(zoomed[name] === before[name], name).toBe(false)
      expect(await w.page.locator('[aria-live=polite]').textContent()).toMatch(
        /^1[78]m \d\ds to (29|30)m \d\ds$/,
      )
      await snap(w.page, 'zoomed')
      await w.page.keyboard.press('0')
      await w.page.getByText('All', { exact: true }).and(w.page.locator(':disabled')).waitFor()
      const back = await pictures(w.page)
      for (const name of Object.keys(before)) expect(back[name] === before[name], name).toBe(true)
      quiet(w, view.origin)
    }))

  test('points at the same moment in all charts', () =>
    on(async (w) => {
      await drawn(w.page)
      const last = await w.page.locator('[data-panel=loss] .legend b').textContent()
      const box = await w.page.locator('[data-panel=step] .u-over').boundingBox()
      if (!box) throw new Error('the step time has no chart')
      await w.page.mouse.move(box.x + box.width * 0.25, box.y + 60)
      await w.page.locator('[data-panel=loss] .legend.pointing').waitFor()
      expect(await w.page.locator('[data-panel=loss] .legend b').textContent()).not.toBe(last)
      expect(await w.page.locator('.timeline .legend b').textContent()).toMatch(/^at 1[45]m \d\ds$/)
      const lines = await w.page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.charts .panel')].map((panel) => {
          const over = panel.querySelector('.u-over')?.getBoundingClientRect()
          const line = panel.querySelector('.u-cursor-x')?.getBoundingClientRect()
          return over && line ? (line.right - over.left) / over.width : -1
        }),
      )
      for (const at of lines) expect(Math.abs(at - 0.25)).toBeLessThan(0.01)
      await snap(w.page, 'hover')
      quiet(w, view.origin)
    }))

  test('lays runs over each other', () =>
    on(async (w) => {
      await drawn(w.page)
      await w.page.locator('.runs li', { hasText: 'retry' }).locator('input').check()
      await w.page.locator('table.comparison').waitFor()
      expect(await w.page.locator('.comparison thead .name').allTextContents()).toEqual(['tuned', 'retry'])
      expect(await w.page.locator('[data-panel=loss] .legend .name').allTextContents()).toEqual([
        'tuned',
        'retry',
      ])
      const median = w.page.locator('.comparison tr', { hasText: 'Step, median' })
      await median.locator('.verdict', { hasText: 'worse' }).waitFor()
      expect(await median.locator('.change b').textContent()).toMatch(/^\+2[0-9.]+ %$/)
      expect(
        await w.page.locator('.comparison tr', { hasText: 'Loss' }).locator('.verdict').textContent(),
      ).toBe('')
      await snap(w.page, 'overlay', true)
      // The address holds the choice: it survives a reload.
      await w.page.reload()
      await w.page.locator('table.comparison').waitFor()
      await w.page.locator('.comparison button').first().click()
      await w.page.locator('.heading h2', { hasText: 'retry' }).waitFor()
      quiet(w, view.origin)
    }))

  test('is dark where the system is, and where it is told', () =>
    on(
      async (w) => {
        await drawn(w.page)
        const brightness = (): Promise<number> =>
          w.page.evaluate(() => {
            const m = /(\d+), (\d+), (\d+)/.exec(getComputedStyle(document.body).backgroundColor)
            return m ? Number(m[1]) + Number(m[2]) + Number(m[3]) : -1
          })
        expect(await brightness()).toBeLessThan(120)
        await snap(w.page, 'dark', true)
        const dark = await pictures(w.page)
        await w.page.keyboard.press('d') // light
        expect(await brightness()).toBeGreaterThan(600)
        const light = await pictures(w.page)
        for (const name of Object.keys(dark)) expect(light[name] === dark[name], name).toBe(false)
        quiet(w, view.origin)
      },
      { colorScheme: 'dark' },
    ))

  test('fits a narrow screen', () =>
    on(
      async (w) => {
        await drawn(w.page)
        expect(await w.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
        const widest = await w.page.evaluate(() =>
          Math.max(
            ...[...document.querySelectorAll('.plot canvas')].map((c) => c.getBoundingClientRect().right),
          ),
        )
        expect(widest).toBeLessThanOrEqual(360)
        await snap(w.page, 'narrow', true)
        await w.page.getByText('Runs', { exact: true }).click()
        await choose(w, 'baseline')
        quiet(w, view.origin)
      },
      { viewport: { width: 360, height: 740 }, hasTouch: true },
    ))

  test('is worked by keys', () =>
    on(async (w) => {
      await drawn(w.page)
      const before = await pictures(w.page)
      await w.page.keyboard.press('+')
      await w.page.keyboard.press('Shift+ArrowRight')
      expect((await pictures(w.page))['loss'] === before['loss']).toBe(false)
      await w.page.keyboard.press('Escape')
      await w.page.keyboard.press('t')
      expect(await w.page.locator('.bar button', { hasText: 'Steps' }).getAttribute('aria-pressed')).toBe(
        'true',
      )
      await w.page.keyboard.press('t')
      await w.page.locator('[data-panel=loss] .u-over').focus()
      await w.page.keyboard.press('ArrowLeft')
      await w.page.locator('[data-panel=util] .legend.pointing').waitFor()
      await w.page.keyboard.press('j')
      await w.page.locator('.heading h2', { hasText: 'retry' }).waitFor()
      await w.page.keyboard.press('/')
      await w.page.keyboard.type('base')
      expect(await w.page.locator('.runs li').count()).toBe(1)
      await w.page.keyboard.press('Escape')
      await w.page.keyboard.press('?')
      await w.page.locator('dialog.keys[open]').waitFor()
      await w.page.keyboard.press('Escape')
      quiet(w, view.origin)
    }))

  test('can be printed', () =>
    on(async (w) => {
      await drawn(w.page)
      await w.page.emulateMedia({ media: 'print' })
      expect(await w.page.locator('.drawer').isVisible()).toBe(false)
      expect(await w.page.locator('[data-panel=loss] canvas').isVisible()).toBe(true)
      const pdf = await w.page.pdf({ format: 'A4', printBackground: true })
      expect(pdf.length).toBeGreaterThan(20_000)
      quiet(w, view.origin)
    }))

  test('lets no markup in, whoever tries', () =>
    on(async (w) => {
      const thrown = await w.page.evaluate(() => {
        try {
          document.body.innerHTML = '<b>markup</b>'
          return 'nothing'
        } catch (e) {
          return (e as Error).name
        }
      })
      expect(thrown).toBe('TypeError')
    }))
})

describe('a live run', () => {
  test('moves without a reload, and ends', async () => {
    const live = await Live.begin(home, '-name', 'going', '-length', '10m')
    await on(async (w) => {
      await choose(w, 'going')
      await drawn(w.page)
      expect(await w.page.locator('.heading .badge').textContent()).toBe('running')
      await w.page.evaluate(() => (document.body.dataset['same'] = 'page'))
      const steps = w.page.locator('.tiles div', { hasText: 'Steps' }).locator('b')
      const before = await pictures(w.page)
      for (let i = 0; i < 3; i++) {
        let step = 0
        for (let k = 0; k < 5; k++) step = await live.tick()
        await w.page.waitForFunction(
          (want) => [...document.querySelectorAll('.tiles b')].some((b) => b.textContent === want),
          step.toLocaleString('en-US'),
        )
      }
      expect(await steps.textContent()).toBeTruthy()
      await w.page.waitForFunction(
        (old) =>
          (document.querySelector('[data-panel=loss] canvas') as HTMLCanvasElement).toDataURL() !== old,
        before['loss'],
      )
      await snap(w.page, 'live')
      await live.end()
      await w.page.locator('.heading .badge.good').waitFor()
      await w.page.locator('.runs li', { hasText: 'going' }).locator('.badge.good').waitFor()
      expect(await w.page.evaluate(() => document.body.dataset['same'])).toBe('page')
      quiet(w, view.origin)
    })
  })
})

describe('the telemetry switch', () => {
  const answers = (): string => readFileSync(join(home, 'decisions'), 'utf8').trim().split('\n').at(-1) ?? ''

  test('says no and yes for good', async () => {
    const own = await View.begin(home, [], { TRAINWATCH_POSTHOG_KEY: 'phc_test' })
    await on(
      async (w) => {
        const mode = w.page.locator('.telemetry')
        await w.page.locator('.telemetry[data-mode=undecided]').waitFor()
        await mode.click()
        await w.page.getByText('Say no, for good').click()
        await w.page.locator('.telemetry[data-mode=off]').waitFor()
        expect(answers()).toMatch(/^v1 no /)
        await snap(w.page, 'telemetry')
        await w.page.getByText('Say yes, for good').click()
        await w.page.locator('.telemetry[data-mode=on]').waitFor()
        expect(answers()).toMatch(/^v1 yes /)
        quiet(w, own.origin)
      },
      {},
      own.url,
    )
    await own.end()
  })

  test('does not win over a no', async () => {
    const own = await View.begin(home, [], { TRAINWATCH_POSTHOG_KEY: 'phc_test', DO_NOT_TRACK: '1' })
    await on(
      async (w) => {
        await w.page.locator('.telemetry[data-mode=off]').click()
        await w.page.getByText('Say yes, for good').click()
        await w.page.locator('dialog dd', { hasText: 'a no wins over every yes: DO_NOT_TRACK=1' }).waitFor()
        expect(await w.page.locator('.telemetry').getAttribute('data-mode')).toBe('off')
        quiet(w, own.origin)
      },
      {},
      own.url,
    )
    await own.end()
  })

  test('has no yes where there is nobody to say it to', () =>
    on(async (w) => {
      await w.page.locator('.telemetry[data-mode=off]').click()
      await w.page.getByText('set TRAINWATCH_POSTHOG_KEY first').waitFor()
      expect(await w.page.getByText('Say yes, for good').isDisabled()).toBe(true)
    }))
})
