import {findChromium} from './chromium';

test('a machine without Chromium is told what to do, so that CI can fail and others can skip aloud', () => {
  expect(findChromium({CHROMIUM_PATH: '/nowhere/chromium'})).toEqual({missing: expect.stringContaining('apt-get')});
});

test('CHROMIUM_PATH names another browser', () => {
  expect(findChromium({CHROMIUM_PATH: __filename})).toEqual({path: __filename});
});
