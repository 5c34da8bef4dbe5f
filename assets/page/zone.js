// A drop zone: what is given lies in `held`, by field; the server draws the frame, this draws what lies in it.
const zone = () => element.querySelector('.zone');
const told = (name, values = {}) => Object.entries(values).reduce((t, [k, v]) => t.replaceAll(`{${k}}`, v), JSON.parse(zone()?.dataset.words || '{}')[name] || '');
const rules = () => JSON.parse(zone()?.dataset.rules || '{"types":[],"most":0}');
const held = {};
let mark = null, waiting = null, number = 0;
const fieldOf = (node) => node.closest('[data-give]')?.dataset.give;
const field = (name) => element.querySelector(`[data-give="${name}"]`);
const of = (name) => (held[name] ??= { files: [], link: '' });
const tongueOf = document.documentElement.lang || 'en';
const bytes = (n) => n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(n / 1e3))} KB`;
const length = (s) => `${Math.floor(s / 3600) ? Math.floor(s / 3600) + ':' : ''}${String(Math.floor(s / 60) % 60).padStart(s >= 3600 ? 2 : 1, '0')}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
const facts = (file) => [file.seconds ? length(file.seconds) : '', file.size ? bytes(file.size) : ''].filter(Boolean).join(' · ');

const error = (name, text) => {
  const line = field(name)?.querySelector('.field-error'); if (!line) return;
  line.textContent = text; line.hidden = !text; field(name).classList.toggle('bad', Boolean(text));
  field(name).querySelectorAll('input').forEach(i => i.setAttribute('aria-invalid', String(Boolean(text))));
};
const draw = (name) => {
  const list = field(name)?.querySelector('.given'); if (!list) return;
  list.replaceChildren(...of(name).files.map((file) => {
    const row = document.createElement('li'); row.dataset.file = file.id; row.className = file.error ? 'bad' : file.busy ? 'busy' : 'ok';
    const text = document.createElement('span'), title = document.createElement('b'), small = document.createElement('small');
    title.textContent = file.name; small.textContent = file.error || (file.busy ? file.told : facts(file)); text.append(title, small);
    const remove = document.createElement('button'); remove.type = 'button'; remove.dataset.remove = file.id;
    remove.textContent = '✕'; remove.setAttribute('aria-label', `${told('remove')}: ${file.name}`);
    row.append(text, remove);
    if (file.busy) { const bar = document.createElement('i'); bar.style.width = `${Math.round(100 * (file.share || 0))}%`; row.append(bar); }
    return row;
  }));
  field(name).classList.toggle('filled', of(name).files.length > 0);
  const link = field(name).querySelector('input[type=url]'); if (link && document.activeElement !== link) link.value = of(name).link;
  if (waiting && !uploading()) { const next = waiting; waiting = null; go(next); }
};
const uploading = () => Object.values(held).some(f => f.files.some(file => file.busy));
const check = async (name, file, named) => {
  Object.assign(file, { busy: true, told: told('checking'), share: 1 }); draw(name);
  try {
    const answer = await fetch('/page/check', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ named }) });
    const found = await answer.json();
    Object.assign(file, { busy: false, named, error: found.error || (answer.ok ? '' : found.message || told('broken')), seconds: found.seconds, size: found.size || file.size });
    if (file.error) file.named = '';
  } catch { Object.assign(file, { busy: false, error: told('broken') }); }
  draw(name);
};
const send = (name, raw) => {
  const file = { id: String(++number), name: raw.name, size: raw.size, busy: true, share: 0, told: told('uploading', { percent: '0 %' }) };
  const type = raw.name.includes('.') ? raw.name.split('.').pop().toLowerCase() : '', { types, most } = rules();
  if (field(name).dataset.several !== '1') of(name).files.forEach(f => f.request?.abort());
  if (field(name).dataset.several === '1') of(name).files.push(file); else of(name).files = [file];
  error(name, '');
  if (!types.includes(type)) Object.assign(file, { busy: false, error: told('type', { type: type ? `.${type}` : '?' }) });
  else if (most && raw.size > most) Object.assign(file, { busy: false, error: told('size', { size: bytes(most) }) });
  draw(name);
  if (!file.busy) return;
  const body = new FormData(), request = new XMLHttpRequest(); file.request = request;
  body.append('files', raw, raw.name);
  request.upload.addEventListener('progress', (e) => {
    if (!e.lengthComputable) return;
    file.share = e.loaded / e.total; file.told = `${told('uploading', { percent: new Intl.NumberFormat(tongueOf, { style: 'percent' }).format(file.share) })} · ${bytes(e.loaded)} / ${bytes(e.total)}`; draw(name);
  });
  request.addEventListener('load', () => {
    let paths = null; try { paths = JSON.parse(request.responseText); } catch { /* words of an error */ }
    if (request.status === 200 && paths?.length) check(name, file, paths[0]);
    else { Object.assign(file, { busy: false, error: paths?.message || request.responseText || told('broken') }); draw(name); }
  });
  request.addEventListener('error', () => { Object.assign(file, { busy: false, error: told('broken') }); draw(name); });
  request.open('POST', `/gradio_api/upload?upload_id=${Math.random().toString(36).slice(2)}`); request.send(body);
};
const take = (name, files) => [...files].slice(0, field(name).dataset.several === '1' ? 1000 : 1).forEach(f => send(name, f));

// The server drew the zone anew: what it says is held is held.
const look = () => {
  const found = zone(); if (!found) return;
  if (found.dataset.mark !== mark) {
    mark = found.dataset.mark;
    Object.entries(JSON.parse(found.dataset.given || '{}')).forEach(([name, { files, link }]) => {
      held[name] = { files: files.map(f => ({ id: String(++number), ...f })), link };
    });
    element.querySelectorAll('[data-give]').forEach(f => draw(f.dataset.give));
  } else element.querySelectorAll('[data-give]').forEach(f => { if (of(f.dataset.give).files.length !== f.querySelectorAll('.given > li').length) draw(f.dataset.give); });
};
new MutationObserver(look).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-mark'] });
setTimeout(look);

const flow = () => element.closest('.flow');
const given = () => Object.fromEntries(Object.entries(held).map(([name, f]) => [name, { files: f.files.map(x => x.named).filter(Boolean), link: f.link.trim() }]));
const missing = () => [...element.querySelectorAll('[data-give]')].map(f => f.dataset.give).filter(name => {
  const { files, link } = of(name);
  const none = !link.trim() && !files.some(f => f.named || f.busy), bad = files.filter(f => f.error);
  if (bad.length && none) error(name, bad[0].error); else error(name, none ? told('nothing', { field: field(name).querySelector('h2').textContent }) : '');
  return none;
});
const go = (what) => {
  if (what === 'go') {
    const first = missing()[0];
    if (first) { field(first).scrollIntoView({ block: 'center' }); field(first).querySelector('input').focus({ preventScroll: true }); return; }
  }
  flow()?.dispatchEvent(new CustomEvent('begun', { detail: uploading() ? told('starts') : '' }));
  if (what === 'go' && uploading()) { waiting = what; return; }
  if (what === 'also') trigger('also', {}); else trigger('go', { fields: what === 'go' ? given() : {}, example: what === 'example' });
};
element.addEventListener('click', (e) => {
  const remove = e.target.closest('[data-remove]'), library = e.target.closest('[data-library]');
  if (remove) {
    const name = fieldOf(remove), gone = of(name).files.find(f => f.id === remove.dataset.remove);
    gone?.request?.abort(); of(name).files = of(name).files.filter(f => f !== gone); error(name, ''); draw(name);
  } else if (e.target.closest('[data-go]')) go('go');
  else if (e.target.closest('[data-also]')) go('also');
  else if (e.target.closest('[data-example]')) go('example');
  else if (library) openPicker(library.dataset.library);
  else if (e.target.closest('[data-close]')) element.querySelector('.picker').close();
});
element.addEventListener('change', (e) => {
  if (e.target.type === 'file') { take(fieldOf(e.target), e.target.files); e.target.value = ''; }
});
element.addEventListener('input', (e) => {
  if (e.target.type === 'url') { of(fieldOf(e.target)).link = e.target.value; error(fieldOf(e.target), ''); }
  if (e.target.type === 'search') { clearTimeout(finding); finding = setTimeout(() => browse(picked.path, e.target.value), 250); }
});
element.addEventListener('keydown', (e) => {
  if (e.target.type === 'url' && e.key === 'Enter') { e.preventDefault(); go('go'); }
});
['dragenter', 'dragover', 'dragleave', 'drop'].forEach(kind => element.addEventListener(kind, (e) => {
  const target = e.target.closest('[data-give]') || element.querySelector('[data-give]'); if (!target) return;
  e.preventDefault();
  target.classList.toggle('over', kind === 'dragenter' || kind === 'dragover');
  if (kind === 'drop') {
    if (e.dataTransfer.files.length) take(target.dataset.give, e.dataTransfer.files);
    else { const text = e.dataTransfer.getData('text/uri-list') || e.dataTransfer.getData('text'); if (text) { of(target.dataset.give).link = text.trim(); draw(target.dataset.give); } }
  }
}));
// What the bar of a finished job asks: other settings with the same files, or other files.
document.addEventListener('studio-new', (e) => {
  if (e.detail !== zone()?.dataset.zone) return;
  Object.keys(held).forEach(name => { held[name] = { files: [], link: '' }; error(name, ''); draw(name); });
});
// What the server found wrong is shown at its field; where it knows none, at the first.
document.addEventListener('studio-wrong', (e) => {
  if (e.detail.zone !== zone()?.dataset.zone) return;
  const name = field(e.detail.field) ? e.detail.field : element.querySelector('[data-give]')?.dataset.give;
  if (name) { error(name, e.detail.text); field(name).scrollIntoView({ block: 'center' }); }
});

// The library: folders and files, and a search over all of it.
let picked = { field: '', path: '' }, finding = 0;
const openPicker = (name) => {
  picked = { field: name, path: '' };
  const dialog = element.querySelector('.picker'); dialog.querySelector('[type=search]').value = ''; dialog.showModal(); browse('', '');
};
const browse = async (path, find) => {
  picked.path = path;
  const dialog = element.querySelector('.picker'), list = dialog.querySelector('ol');
  const answer = await (await fetch(`/page/library?path=${encodeURIComponent(path)}&find=${encodeURIComponent(find)}`)).json();
  const up = path && !find ? [{ name: '..', path: path.split('/').slice(0, -1).join('/'), type: 'folder' }] : [];
  const rows = [...up, ...(answer.entries || [])].map((entry) => {
    const row = document.createElement('li'), button = document.createElement('button'); button.type = 'button';
    const name = document.createElement('b'), small = document.createElement('small');
    name.textContent = entry.type === 'folder' ? `${entry.name} /` : entry.name; small.textContent = entry.type === 'folder' ? '' : `${bytes(entry.size || 0)}${find ? ' · ' + entry.path : ''}`;
    button.append(name, small); button.addEventListener('click', () => {
      if (entry.type === 'folder') { dialog.querySelector('[type=search]').value = ''; browse(entry.path, ''); return; }
      const file = { id: String(++number), name: entry.name, size: entry.size };
      if (field(picked.field).dataset.several === '1') of(picked.field).files.push(file); else of(picked.field).files = [file];
      error(picked.field, ''); dialog.close(); check(picked.field, file, entry.path);
    });
    row.append(button); return row;
  });
  if (!rows.length) { const none = document.createElement('li'); none.textContent = answer.error || dialog.dataset.empty; rows.push(none); }
  list.replaceChildren(...rows);
};
