'use strict';
// Everything that moves on the page of a scan: colors, table, treemap, history. The page can be read without it.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const redraws = [];
  document.querySelectorAll('.scripted').forEach((element) => { element.hidden = false; });

  const SIGNS = { USD: '$', CNY: '¥' };
  function money(amount, currency) {
    if (amount > 0 && amount < 0.005) return '<' + money(0.01, currency);
    const digits = Math.abs(amount) < 1000 && !Number.isInteger(amount) ? 2 : 0;
    const text = Math.abs(amount).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (amount < 0 ? '-' : '') + (SIGNS[currency] || '') + text + (SIGNS[currency] ? '' : ' ' + currency);
  }

  function shape(parent, name, attributes, text) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  function canvas(place, width, height, label) {
    place.replaceChildren();
    return shape(place, 'svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': label });
  }

  // ---- Color scheme -------------------------------------------------------------------------------------------------

  const system = matchMedia('(prefers-color-scheme: dark)');
  const toggle = byId('scheme');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  function showScheme() {
    toggle.textContent = isDark() ? 'Light' : 'Dark';
    toggle.setAttribute('aria-label', 'Switch to ' + (isDark() ? 'light' : 'dark') + ' colors');
  }
  toggle.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; showScheme(); });
  system.addEventListener('change', showScheme);
  toggle.hidden = false;
  showScheme();

  // ---- The table ----------------------------------------------------------------------------------------------------

  const table = byId('findings');
  const search = byId('search');
  const filters = [...document.querySelectorAll('[data-filter]')];

  function filterRows() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const onlyNew = byId('only-new') && byId('only-new').checked;
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word))
        && filters.every((filter) => !filter.value || row.dataset[filter.dataset.filter] === filter.value)
        && (!onlyNew || row.dataset.since !== '');
      row.hidden = !fits;
      shown += fits;
    }
    byId('count').textContent = `${shown.toLocaleString('en-US')} of ${table.tBodies[0].rows.length.toLocaleString('en-US')} findings`;
  }

  /** Numbers by value, texts by the alphabet; what is not known comes last either way. */
  function sortBy(column, direction) {
    const key = (row) => row.cells[column].dataset.key;
    const compared = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b, 'en') : a - b);
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      if (a === '' || b === '') return (a === '') - (b === '');
      return direction * compared(a, b);
    }));
  }

  if (table) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = heading.textContent;
      button.addEventListener('click', () => {
        // Money and severity are wanted from the top.
        const first = column === 0 || column === 3 ? 'descending' : 'ascending';
        const other = first === 'ascending' ? 'descending' : 'ascending';
        const order = heading.getAttribute('aria-sort') === first ? other : first;
        headings.forEach((each) => each.removeAttribute('aria-sort'));
        heading.setAttribute('aria-sort', order);
        sortBy(column, order === 'descending' ? -1 : 1);
      });
      heading.replaceChildren(button);
    });
    [search, ...filters, byId('only-new')].filter(Boolean).forEach((each) => each.addEventListener('input', filterRows));
    filterRows();
  }

  // ---- The treemap --------------------------------------------------------------------------------------------------

  /** Rectangles as nearly square as may be, with areas in proportion (Bruls, Huizing and van Wijk, 2000). */
  function squarified(items, box) {
    const total = items.reduce((sum, item) => sum + item.value, 0);
    const placed = [];
    let { x, y, width, height } = box;
    const scale = width * height / total;
    let rest = items.map((item) => ({ item, area: item.value * scale }));
    const worst = (row, side) => {
      const sum = row.reduce((all, each) => all + each.area, 0);
      return Math.max(...row.map(({ area }) => Math.max(side * side * area / (sum * sum), sum * sum / (side * side * area))));
    };
    while (rest.length) {
      const side = Math.min(width, height);
      let count = 1;
      while (count < rest.length && worst(rest.slice(0, count + 1), side) <= worst(rest.slice(0, count), side)) count += 1;
      const row = rest.slice(0, count);
      const depth = row.reduce((all, each) => all + each.area, 0) / side;
      let along = 0;
      for (const { item, area } of row) {
        const length = area / depth;
        placed.push({ item, box: width >= height
          ? { x, y: y + along, width: depth, height: length } : { x: x + along, y, width: length, height: depth } });
        along += length;
      }
      if (width >= height) { x += depth; width -= depth; } else { y += depth; height -= depth; }
      rest = rest.slice(count);
    }
    return placed;
  }

  function groupsOf(tiles, key, area) {
    const groups = new Map();
    for (const tile of tiles) groups.set(tile[key], [...(groups.get(tile[key]) || []), tile]);
    return [...groups].map(([name, members]) => ({ name, members, value: members.reduce((sum, tile) => sum + tile[area], 0) }))
      .sort((a, b) => b.value - a.value);
  }

  const HEAD = 18;
  const inner = ({ x, y, width, height }) =>
    ({ x: x + 2, y: y + HEAD, width: Math.max(width - 4, 1), height: Math.max(height - HEAD - 2, 1) });
  const fitting = (text, width) => {
    const room = Math.floor((width - 8) / 6.8);
    return room >= text.length ? text : room < 4 ? '' : text.slice(0, room - 1) + '…';
  };

  function drawTree() {
    const place = byId('tree');
    const [area, currency] = [byId('tree-area').value, byId('tree-currency').value];
    const tiles = data.tiles.filter((tile) => tile.currency === currency && tile[area] > 0);
    const width = place.clientWidth;
    const height = Math.round(Math.min(520, Math.max(300, width * 0.5)));
    const svg = canvas(place, width, tiles.length ? height : 40, 'Treemap of functions; the table has the same figures');
    if (!tiles.length) {
      shape(svg, 'text', { x: 0, y: 24, class: 'quiet-text' }, 'Nothing could be saved.');
      return;
    }
    const head = (box, text) => {
      shape(svg, 'rect', { ...box, class: 'frame' });
      shape(svg, 'text', { x: box.x + 5, y: box.y + 13, class: 'head' }, fitting(text, box.width));
    };
    for (const account of squarified(groupsOf(tiles, 'account', area), { x: 1, y: 1, width: width - 2, height: height - 2 })) {
      head(account.box, `${account.item.name}  ${money(account.item.value, currency)}`);
      for (const region of squarified(groupsOf(account.item.members, 'region', area), inner(account.box))) {
        head(region.box, region.item.name);
        const members = region.item.members.map((tile) => ({ tile, value: tile[area] })).sort((a, b) => b.value - a.value);
        for (const { item: { tile }, box } of squarified(members, inner(region.box))) drawTile(svg, tile, box, area);
      }
    }
  }

  function drawTile(svg, tile, box, area) {
    const share = tile.saving / tile.cost;
    const step = share <= 0 ? 0 : share <= 0.1 ? 1 : share <= 0.25 ? 2 : share <= 0.5 ? 3 : 4;
    const name = tile.name || tile.others.toLocaleString('en-US') + ' others';
    const rectangle = shape(svg, 'rect', { ...box, class: `tile share-${step}${tile.name ? '' : ' others'}` });
    const words = `${name}\n${tile.account} ${tile.region}\ncosts ${money(tile.cost, tile.currency)}, could save ${money(tile.saving, tile.currency)} a month`;
    shape(rectangle, 'title', {}, words);
    if (box.height > 18) shape(svg, 'text', { x: box.x + 5, y: box.y + 15 }, fitting(name, box.width)).classList.add('on-' + step);
    const amount = money(tile[area], tile.currency);
    if (box.height > 34 && fitting(amount, box.width) === amount) shape(svg, 'text', { x: box.x + 5, y: box.y + 30, class: 'on-' + step }, amount);
    if (tile.name && table) {
      rectangle.addEventListener('click', () => {
        search.value = tile.name;
        filterRows();
        byId('table-title').scrollIntoView({ behavior: 'smooth' });
      });
    }
  }

  if (byId('tree')) {
    const select = byId('tree-currency');
    const currencies = data.currencies.filter((currency) => data.tiles.some((tile) => tile.currency === currency));
    select.append(...currencies.map((currency) => new Option(currency)));
    select.parentElement.hidden = currencies.length < 2;
    [select, byId('tree-area')].forEach((each) => each.addEventListener('input', drawTree));
    redraws.push(drawTree);
  }

  // ---- The history --------------------------------------------------------------------------------------------------

  const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const niceStep = (most) => {
    const power = 10 ** Math.floor(Math.log10(most / 4 || 1));
    return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step * 4 >= most) || most;
  };

  function drawHistory(currency, place) {
    const points = data.trend.filter((point) => point.currency === currency);
    const [width, height] = [place.clientWidth, 240];
    const svg = canvas(place, width, height, `Cost and possible saving of each scan in ${currency}`);
    const step = niceStep(Math.max(...points.map((point) => Math.max(point.due, point.high)), 0.01));
    const least = Math.min(0, ...points.map((point) => point.low));
    const ticks = [];
    for (let tick = Math.floor(least / step); tick <= 4; tick += 1) ticks.push(tick * step);
    const box = { left: 12 + 7 * Math.max(...ticks.map((tick) => money(tick, currency).length)), right: width - 16, top: 14, bottom: height - 28 };
    const [start, end] = [points[0].at, points[points.length - 1].at];
    const x = (at) => (end === start ? (box.left + box.right) / 2 : box.left + (at - start) / (end - start) * (box.right - box.left));
    const y = (amount) => box.bottom - (amount - ticks[0]) / (ticks[ticks.length - 1] - ticks[0]) * (box.bottom - box.top);
    for (const tick of ticks) {
      shape(svg, 'line', { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), class: 'gridline' });
      shape(svg, 'text', { x: box.left - 8, y: y(tick) + 4, 'text-anchor': 'end', class: 'quiet-text' }, money(tick, currency));
    }
    shape(svg, 'text', { x: box.left, y: height - 8, class: 'quiet-text' }, day(start));
    if (end > start) shape(svg, 'text', { x: box.right, y: height - 8, 'text-anchor': 'end', class: 'quiet-text' }, day(end));
    const path = (key) => points.map((point) => `${x(point.at)},${y(point[key])}`);
    shape(svg, 'polygon', { points: [...path('high'), ...path('low').reverse()].join(' '), class: 'band' });
    for (const key of ['due', 'saving']) {
      shape(svg, 'polyline', { points: path(key).join(' '), class: 'line ' + key });
      for (const point of points) {
        const dot = shape(svg, 'circle', { cx: x(point.at), cy: y(point[key]), r: 4.5, class: key });
        shape(dot, 'title', {}, `${day(point.at)}: costs ${money(point.due, currency)}, could save ${money(point.saving, currency)} a month, ${point.findings} findings`);
      }
    }
  }

  if (byId('history')) {
    for (const currency of new Set(data.trend.map((point) => point.currency))) {
      const place = document.createElement('div');
      byId('history').append(place);
      redraws.push(() => drawHistory(currency, place));
    }
  }

  const redraw = () => redraws.forEach((draw) => draw());
  let settled;
  window.addEventListener('resize', () => { clearTimeout(settled); settled = setTimeout(redraw, 120); });
  redraw();
})();
