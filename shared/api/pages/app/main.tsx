import {render} from 'preact';
import {setBase} from './client';
import {LivePage} from './live-page';

const root = document.getElementById('app');
if (root) {
  setBase(root.dataset['base'] ?? './');
  root.replaceChildren();
  render(<LivePage />, root);
}
