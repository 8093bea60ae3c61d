import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { command, drawn, environment, launch, make, mlp, newHome, open, snap, trainwatch, View } from './site'

let browser: Browser

beforeAll(async () => {
  // To the browser evil.example is this machine, as it is to the victim of
  // somebody who makes a name of theirs resolve to 127.0.0.1.
  browser = await launch('--host-resolver-rules=MAP evil.example 127.0.0.1')
})
afterAll(() => browser.close())

function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((done, failed) => {
    request(url, { headers }, (answer) => {
      answer.resume()
      done(answer.statusCode ?? 0)
    })
      .on('error', failed)
      .end()
  })
}

describe('who is refused', () => {
  test('without the token, under a foreign name, from another page', async () => {
    const home = newHome()
    await make(home, '-length', '1m', '-gpus', '0')
    const view = await View.begin(home)
    const api = `${view.origin}/${view.token}/api/runs`
    expect(await status(api)).toBe(200)
    expect(await status(`${view.origin}/${'x'.repeat(view.token.length)}/api/runs`)).toBe(403)
    expect(await status(`${view.origin}/`)).toBe(403)
    expect(await status(api, { Host: 'evil.example' })).toBe(403)
    expect(await status(api, { Origin: 'http://evil.example' })).toBe(403)

    const w = await open(browser, `${view.origin}/wrong/`)
    expect(await w.page.textContent('body')).toContain(
      'open the whole address that `trainwatch view` printed',
    )
    const answer = await w.page.goto(view.url.replace('127.0.0.1', 'evil.example'))
    expect(answer?.status()).toBe(403)
    await w.close()

    // Another page in the same browser, which has even found out the address.
    const file = join(home, 'other.html')
    writeFileSync(file, '<title>another page</title><iframe></iframe>')
    const other = await open(browser, pathToFileURL(file).href)
    const read = await other.page.evaluate(
      (url) =>
        fetch(url).then(
          (r) => r.text(),
          () => 'refused',
        ),
      api,
    )
    expect(read).toBe('refused')
    const post = await other.page.evaluate(
      (url) =>
        fetch(url, { method: 'POST', mode: 'no-cors', body: '{"telemetry":"on"}' }).then(
          (r) => r.type,
          () => 'refused',
        ),
      `${view.origin}/${view.token}/api/telemetry`,
    )
    expect(['opaque', 'refused']).toContain(post) // it cannot even tell that it was refused
    expect((await command(home, 'telemetry', 'status')).stdout).not.toContain('remembered')
    await other.close()
    await view.end()
  })
})

describe('a hostile history', () => {
  test('is text, and nothing of it runs', async () => {
    const home = newHome()
    await make(home, '-kind', 'hostile', '-length', '10m')
    const view = await View.begin(home)
    const report = join(home, 'report.html')
    await command(home, 'report', '--include-private', '-o', report)
    for (const url of [view.url, pathToFileURL(report).href]) {
      const w = await open(browser, url)
      await drawn(w.page)
      expect(await w.page.locator('.heading h2').textContent()).toContain('<img src=x onerror=')
      expect(await w.page.locator('.heading pre').textContent()).toContain('<script>')
      expect(await w.page.locator('#app img, #app script, #app [onerror]').count()).toBe(0)
      expect(await w.page.title()).not.toBe('ran')
      expect(w.said).toEqual([])
      await snap(w.page, url.startsWith('file') ? 'hostile-report' : 'hostile', true)
      await w.close()
    }
    await view.end()
  })
})

describe('a report', () => {
  test('opens from a disk without a network', async () => {
    const home = newHome()
    await make(home, '-name', 'secret-name', '-length', '1h')
    await make(home, '-name', 'secret-other', '-length', '30m', '-kind', 'failed')
    for (const [name, args, shown, told] of [
      ['report', [], false, 1],
      ['report-private', ['--include-private'], true, 1],
      ['report-two', ['last~1', 'last'], false, 2],
    ] as const) {
      const file = join(home, name + '.html')
      await command(home, 'report', ...args, '-o', file)
      const w = await open(browser, '', { offline: true })
      await w.page.goto(pathToFileURL(file).href)
      await drawn(w.page)
      const text = (await w.page.textContent('body')) ?? ''
      expect(text.includes('secret-')).toBe(shown)
      expect(text.includes('node17')).toBe(shown)
      expect(text.includes('CUDA out of memory')).toBe(shown)
      expect(await w.page.locator('.comparison thead .name').count()).toBe(told > 1 ? told : 0)
      expect(await w.page.locator('.telemetry').count()).toBe(0)
      await w.page.keyboard.press('+')
      await w.page.getByText('All', { exact: true }).and(w.page.locator(':enabled')).waitFor()
      expect(w.asked).toEqual([pathToFileURL(file).href])
      expect(w.said).toEqual([])
      await snap(w.page, name)
      await w.close()
    }
  })
})

describe('a page without runs', () => {
  test('shows a real one as soon as it begins, while it goes on and when it has ended', async () => {
    const home = newHome()
    const view = await View.begin(home)
    const w = await open(browser, view.url)
    await w.page.getByText('No run is recorded here yet').first().waitFor()
    // It trains until it is told to stop: nobody has to look quickly.
    const args = ['run', '--name', 'real', '--interval', '200ms', '--', mlp, '-epochs', '1000000']
    const run = spawn(trainwatch, args, { env: environment(home), cwd: home, stdio: 'ignore' })
    const done = new Promise((ended) => run.once('exit', ended))
    await w.page.locator('.runs .open', { hasText: 'real' }).click()
    await w.page.locator('.heading .badge.live').waitFor()
    const tile = w.page
      .locator('.tiles div')
      .filter({ has: w.page.getByText('Steps', { exact: true }) })
      .locator('b')
    const first = await tile.textContent()
    await w.page.waitForFunction(
      (old) =>
        [...document.querySelectorAll('.tiles dt')].some(
          (dt) => dt.textContent === 'Steps' && dt.nextElementSibling?.textContent !== old,
        ),
      first,
    )
    await w.page.locator('[data-panel=loss] canvas').waitFor()
    run.kill('SIGTERM')
    await done
    await w.page.locator('.heading .badge:not(.live)').waitFor()
    await w.page.locator('.heading .ended', { hasText: 'signal' }).waitFor()
    await snap(w.page, 'real')
    expect(w.said).toEqual([])
    await w.close()
    await view.end()
  })
})
