import {hostToken} from '../shared/host-token';
import {Secret} from '../shared/secret';

test('the token of a host is base64url of HMAC-SHA256 over the deployment and the name of the host, with the secret of the API', () => {
  expect(hostToken(new Secret('secret'), 'slipway', 'builder')).toBe('St1hLFC6IqhAuS8ZmYWarPVywemY-YgU3j9UQaLmoFM');
});
