'use strict';
// Everything that moves on the page: charts, slider, sorting, color scheme. The page can be read without it.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  // What fits on A4.
  const PAPER = { width: 670, height: 860, shrink: 0.78 };

  // ---- Charts -------------------------------------------------------------------------------------------------------

  /** The figure with the scheme's colors in place of `@names`, and its texts made harmless. */
  function painted(figure) {
    const style = getComputedStyle(root);
    const walk = (value, key) => {
      if (Array.isArray(value)) return value.map((item) => walk(item, key));
      if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
      }
      if (typeof value !== 'string') return value;
      if (key === 'hovertext') return markup(value);
      return value.startsWith('@') ? style.getPropertyValue('--' + value.slice(1)).trim() : plain(value);
    };
    return walk(figure);
  }

  // plotly.js reads some HTML in texts: what was measured must not be read as such.
  const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

  /** Lines, none of them long. Bold would need a style attribute, which the page's policy forbids. */
  const markup = (text) => text.split('\n').map((line) => plain(line.length > 90 ? line.slice(0, 89) + '…' : line)).join('<br>');

  function layoutOf(figure, width) {
    const narrow = width < 560;
    return painted({
      ...figure.layout,
      width,
      height: printing ? Math.min(PAPER.shrink * figure.layout.height, PAPER.height) : figure.layout.height,
      autosize: false,
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 12 : 13, color: '@ink' },
      paper_bgcolor: '@card',
      plot_bgcolor: '@card',
      margin: { t: 16, r: 24, b: 8, l: 8 },
      legend: { orientation: 'h', traceorder: 'normal', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom', font: { color: '@ink' } },
      hoverlabel: { bgcolor: '@card', bordercolor: '@faint', align: 'left', font: { color: '@ink', size: 13 } },
      hovermode: 'closest',
      hoverdistance: 30,
      dragmode: matchMedia('(pointer: fine)').matches ? 'zoom' : false,
      uirevision: 'kept',
    });
  }

  const config = (name) => ({
    displaylogo: false,
    toImageButtonOptions: { filename: 'powertune-' + name, scale: 2 },
    // Exactly these: among plotly's own is one that sends the figure to its makers' cloud.
    plotlyServerURL: '',
    modeBarButtons: [['toImage', 'resetScale2d']],
  });
  const charts = new Map();
  let printing = false;

  for (const element of document.querySelectorAll('[data-chart]')) {
    const figure = data.charts[element.dataset.chart];
    charts.set(element, { figure, drawn: false });
    element.style.minHeight = figure.layout.height + 'px';
    element.tabIndex = 0;
    walkByKeyboard(element);
  }

  function draw(element) {
    const chart = charts.get(element);
    chart.drawn = true;
    const layout = layoutOf(chart.figure, printing ? PAPER.width : element.clientWidth);
    const traces = painted(chart.figure.data);
    traces.filter(({ meta }) => meta && meta.labels).forEach((trace) => placeLabels(trace, layout));
    return Plotly.react(element, traces, layout, config(element.dataset.chart));
  }

  /** Puts each label where it meets no point and no other label; the first ones choose first, the last may get no place. */
  function placeLabels(trace, layout) {
    const along = (axis, value, pixels) => {
      const [low, high] = axis.range;
      return ((axis.type === 'log' ? Math.log10(value) : value) - low) / (high - low) * pixels;
    };
    const places = trace.x.map((x, index) => [
      along(layout.xaxis, x, layout.width - 110), along(layout.yaxis, trace.y[index], layout.height - 130),
    ]);
    const taken = places.map(([x, y]) => [x - 6, y - 6, x + 6, y + 6]);
    const free = ([left, low, right, high]) =>
      left > -50 && taken.every((box) => right < box[0] || left > box[2] || high < box[1] || low > box[3]);
    trace.textposition = places.map(() => 'top center');
    trace.text = trace.text.map((text, index) => {
      const [x, y] = places[index];
      const half = text.length * 3.6;
      const spots = {
        'top center': [x - half, y + 9, x + half, y + 23],
        'middle right': [x + 10, y - 7, x + 10 + 2 * half, y + 7],
        'bottom center': [x - half, y - 23, x + half, y - 9],
        'middle left': [x - 10 - 2 * half, y - 7, x - 10, y + 7],
      };
      const spot = Object.keys(spots).find((name) => free(spots[name]));
      if (!spot) return '';
      taken.push(spots[spot]);
      trace.textposition[index] = spot;
      return text;
    });
  }

  const redraw = () => charts.forEach((chart, element) => chart.drawn && draw(element));

  let settled;
  let lastWidth = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === lastWidth) return;
    lastWidth = window.innerWidth;
    clearTimeout(settled);
    settled = setTimeout(() => { redraw(); labelSegments(); }, 120);
  });

  /** Arrow keys show one point after another, as the pointer would, and say what it is. */
  function walkByKeyboard(element) {
    let at = -1;
    const stops = () => element.data.flatMap((trace, curveNumber) =>
      trace.hoverinfo === 'skip' || trace.visible === 'legendonly' ? [] :
        trace.x.map((_, pointNumber) => ({ curveNumber, pointNumber })));
    element.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined || !charts.get(element).drawn || event.target !== element) return;
      event.preventDefault();
      const all = stops();
      at = (at + step + all.length) % all.length;
      const trace = element.data[all[at].curveNumber];
      Plotly.Fx.hover(element, [all[at]], (trace.xaxis || 'x') + (trace.yaxis || 'y'));
      const source = charts.get(element).figure.data[all[at].curveNumber];
      byId('spoken').textContent = source.hovertext[all[at].pointNumber].replaceAll('\n', ', ');
    });
    element.addEventListener('blur', () => charts.get(element).drawn && Plotly.Fx.unhover(element));
  }

  // ---- Color scheme and paper ---------------------------------------------------------------------------------------

  const system = matchMedia('(prefers-color-scheme: dark)');
  const toggle = byId('scheme');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);

  function showScheme() {
    toggle.textContent = isDark() ? 'Light' : 'Dark';
    toggle.setAttribute('aria-label', 'Switch to ' + (isDark() ? 'light' : 'dark') + ' colors');
    redraw();
  }

  toggle.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    showScheme();
  });
  system.addEventListener('change', showScheme);
  toggle.hidden = false;

  let before;
  window.addEventListener('beforeprint', () => {
    before = root.dataset.theme;
    root.dataset.theme = 'light';
    printing = true;
    charts.forEach((_, element) => draw(element));
  });
  window.addEventListener('afterprint', () => {
    printing = false;
    if (before === undefined) delete root.dataset.theme; else root.dataset.theme = before;
    redraw();
  });

  // ---- The slider ---------------------------------------------------------------------------------------------------

  const slider = byId('weight');
  const recommended = data.candidates.find((candidate) => candidate.recommended);

  /** The candidate with the lowest cost^w x duration^(1 - w); of equals the cheaper one. */
  function bestAt(weight) {
    const score = ({ position }) => weight * Math.log(position.cost) + (1 - weight) * Math.log(position.duration);
    return data.candidates.reduce((best, candidate) => {
      const gain = score(best) - score(candidate);
      const cheaper = candidate.position.cost < best.position.cost;
      return gain > 1e-12 || (Math.abs(gain) <= 1e-12 && cheaper) ? candidate : best;
    });
  }

  let shown;
  function show(candidate, lead) {
    const name = document.createElement('strong');
    name.textContent = candidate.name;
    byId('choice').replaceChildren(lead + ' ', name, document.createElement('br'), candidate.figures.join(' · '));
    slider.setAttribute('aria-valuetext', slider.value + ' % cost, ' + (100 - slider.value) + ' % speed: ' + candidate.name);
    for (const segment of byId('segments').children) segment.classList.toggle('chosen', segment.title === candidate.name);
    if (candidate === shown) return;
    shown = candidate;
    charts.forEach((chart, element) => {
      for (const trace of chart.figure.data.filter(({ meta }) => meta && meta.moves)) {
        trace.x = [candidate.position[trace.meta.x]];
        trace.y = [candidate.position[trace.meta.y]];
        if (trace.showlegend) trace.name = candidate.recommended ? 'recommended' : 'best at this weight';
      }
      if (chart.drawn) draw(element);
    });
    for (const row of document.querySelectorAll('#configurations tbody tr')) {
      row.querySelector('.note-slider').hidden = candidate.recommended || row.dataset.name !== candidate.name;
    }
  }

  function showSegments() {
    const names = Array.from({ length: 101 }, (_, percent) => bestAt(percent / 100).name);
    let start = 0;
    names.forEach((name, percent) => {
      if (names[percent + 1] === name) return;
      const segment = document.createElement('span');
      segment.style.flex = (percent + 1 - start) + ' 1 0';
      segment.title = name;
      byId('segments').append(segment);
      start = percent + 1;
    });
  }

  /** Names the segments that are wide enough for it. */
  function labelSegments() {
    for (const segment of byId('segments').children) {
      segment.textContent = segment.title;
      if (segment.scrollWidth > segment.clientWidth) segment.textContent = '\u00a0';
    }
  }

  if (recommended && data.candidates.length > 1) {
    const start = slider.value;
    const reset = byId('reset');
    slider.addEventListener('input', () => {
      reset.disabled = false;
      show(bestAt(slider.value / 100), slider.value + ' % cost, ' + (100 - slider.value) + ' % speed:');
    });
    reset.addEventListener('click', () => {
      slider.value = start;
      slider.focus();
      reset.disabled = true;
      show(recommended, 'Recommended:');
    });
    byId('balance').hidden = false;
    showSegments();
    labelSegments();
    show(recommended, 'Recommended:');
  }

  // ---- Sorting ------------------------------------------------------------------------------------------------------

  const table = byId('configurations');
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];

  /** Numbers by value, texts by the alphabet; what is not known comes last either way. */
  function sortBy(column, direction) {
    const key = (row) => row.cells[column].dataset.key;
    const compared = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b, 'en') : a - b);
    const rows = [...body.rows].sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      if (a === '' || b === '') return (a === '') - (b === '');
      return direction * compared(a, b);
    });
    body.append(...rows);
  }

  headings.forEach((heading, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = heading.textContent;
    button.addEventListener('click', () => {
      const descending = heading.getAttribute('aria-sort') === 'ascending';
      headings.forEach((other) => other.removeAttribute('aria-sort'));
      heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      sortBy(column, descending ? -1 : 1);
    });
    heading.replaceChildren(button);
  });
  document.querySelectorAll('.scripted').forEach((element) => { element.hidden = false; });

  // At load, in view or not: a screenshot or a printer does not scroll, and does not wait.
  charts.forEach((_, element) => draw(element));
  showScheme();
})();
