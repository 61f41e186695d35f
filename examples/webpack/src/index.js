import { connect } from 'easysync-wasm/client';
import { bindTextarea } from 'easysync-wasm/textarea';

const address = new URLSearchParams(location.search).get('pad') ?? 'http://127.0.0.1:9001/p/demo';
const field = document.querySelector('textarea');

connect(address)
  .then((pad) => {
    bindTextarea(field, pad);
    pad.on('save', (state) => (document.title = state));
  })
  .catch((error) => (field.value = error.message));
