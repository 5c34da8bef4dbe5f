// How ticked clips are made, and what that costs: `data-costs` has what was measured, the words stand in `data-words`.
const HOW = ['aspect', 'style', 'platform'];
const lookOf = (state) => Object.fromEntries(HOW.map(k => [k, state.look?.[k] || (k === 'aspect' ? 'source' : '')]));
const makingBox = () => element.querySelector('.making');
const megabytes = (bytes) => bytes < 1e6 ? `${digits(Math.max(0.1, bytes / 1e6))} MB` : bytes < 1e9 ? `${digits(bytes / 1e6, bytes < 9.95e6 ? 1 : 0)} MB` : `${digits(bytes / 1e9)} GB`;
// About: two figures at most, for more would be a lie.
const roughly = (seconds) => {
  const step = seconds < 10 ? 1 : seconds < 60 ? 5 : seconds < 300 ? 10 : 60, t = Math.max(step, Math.round(seconds / step) * step);
  return t < 60 ? `${t} s` : clock(t).replace(/\D\d$/, '');
};
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
// `lengths` are the seconds of each clip that is to be made.
const costOf = (state, lengths) => {
  const box = makingBox(); if (!box || !lengths.length) return '';
  const costs = JSON.parse(box.dataset.costs), words = JSON.parse(box.dataset.words), look = lookOf(state), place = costs.places[look.platform];
  const shape = look.aspect === 'source' && place ? place[0] : look.aspect, total = lengths.reduce((a, b) => a + b, 0), rate = costs.rates[shape === 'source' ? 'plain' : 'shaped'];
  const size = lengths.reduce((sum, t) => sum + Math.min(place ? place[3] : Infinity, t * (costs.bytes[shape] ?? costs.bytes.source)), 0);
  const name = box.querySelector(`[data-how=platform] option[value="${look.platform}"]`)?.textContent || '';
  const said = [filled(words.clips, { n: lengths.length, length: clock(total).replace(/\D\d$/, '') }), filled(words.size, { size: megabytes(size) })];
  said.push(rate ? filled(words.time, { time: roughly(rate[0] * total), made: rate[1] }) : words.unknown);
  if (place && lengths.some(t => t > place[2] + 0.05)) said.push(filled(words.long, { place: name, limit: clock(place[2]).replace(/\D\d$/, '') }));
  if (place && lengths.some(t => t < place[1])) said.push(filled(words.short, { place: name, limit: digits(place[1], 0) }));
  return said.join(' · ');
};
const drawHow = (state) => { const look = lookOf(state); element.querySelectorAll('[data-how]').forEach(s => { s.value = look[s.dataset.how]; }); };
element.addEventListener('change', (e) => {
  if (!e.target.matches('[data-how]')) return;
  const state = past.now(), look = { ...lookOf(state), [e.target.dataset.how]: e.target.value };
  if (same(look, lookOf({}))) delete state.look; else state.look = look;
  past.push(state, 'look');
});
