import {findChromium} from './chromium';

test('without Chromium the message says what to install, so that CI fails and other machines skip with a warning', () => {
  expect(findChromium({CHROMIUM_PATH: '/nowhere/chromium'})).toEqual({missing: expect.stringContaining('apt-get')});
});

test('CHROMIUM_PATH names another browser', () => {
  expect(findChromium({CHROMIUM_PATH: __filename})).toEqual({path: __filename});
});
