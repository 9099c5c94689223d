import {findEmulator} from './firestore-emulator';

test('a machine without Java is told what is missing, so that CI can fail and others can skip aloud', () => {
  expect(findEmulator('/nowhere')).toEqual({missing: expect.stringContaining('Java')});
});
