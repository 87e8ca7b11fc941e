/* The page of a map file: reads the JSON block, draws it with Leaflet, fills the panel. */
(function () {
  'use strict';
  var G = window.ChaoyangGeo;
  var L = window.L;
  var el = G.el;

  /* ---- 1 data ---- */
  var data = JSON.parse(document.getElementById('data').textContent);
  var words = data.words;

  /* Coordinates are whole steps of 1e-5 degree, each relative to the one before. */
  function unpackLine(flat) {
    var line = [];
    var x = 0;
    var y = 0;
    for (var i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      line.push([x / 1e5, y / 1e5]);
    }
    return line;
  }

  function unpackAny(coordinates, depth) {
    if (depth === 0) { return unpackLine(coordinates); }
    return coordinates.map(function (part) { return unpackAny(part, depth - 1); });
  }

  var DEPTH = {
    Point: 0, MultiPoint: 0, LineString: 0, MultiLineString: 1, Polygon: 1, MultiPolygon: 2
  };

  function unpack(shape) {
    if (shape.g) { return { type: shape.t, geometries: shape.g.map(unpack) }; }
    var coordinates = unpackAny(shape.c, DEPTH[shape.t]);
    return { type: shape.t, coordinates: shape.t === 'Point' ? coordinates[0] : coordinates };
  }

  /* ---- 2 map ---- */
  G.addHatch(document.body, data.styles);
  var map = L.map('map', {
    zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5,
    wheelPxPerZoomLevel: 110, minZoom: 5, maxZoom: 16
  });
  var bounds = L.latLngBounds(data.bounds);
  var narrow = window.matchMedia('(max-width: 800px)');

  var homing = false;
  var moved = false;

  function home() {
    homing = true;
    moved = false;
    map.fitBounds(bounds, { padding: narrow.matches ? [6, 6] : [18, 18], animate: false });
    homing = false;
  }
  map.on('movestart', function () { moved = moved || !homing; });
  home();
  var limits = L.latLngBounds(data.limits);
  map.setMinZoom(Math.min(Math.floor(map.getZoom()), Math.floor(map.getBoundsZoom(limits))) - 1);
  map.setMaxBounds(limits.pad(0.6));

  /* ---- 3 layers ---- */
  var ORDER = {
    ground: 300, unit: 400, river: 410, reservoir: 415, area: 416, zone: 418, county: 420, own: 430,
    section: 450, site: 460
  };
  Object.keys(ORDER).forEach(function (role) {
    var pane = map.createPane('cg-' + role);
    pane.style.zIndex = ORDER[role];
  });
  var labels = new G.Labels(map);
  var layers = {};
  var features = {};

  function renderer(role) {
    return L.svg({ pane: 'cg-' + role, padding: 0.6 });
  }

  function lighten(path, style) {
    path.setStyle({
      weight: style.weight + 1.6,
      fillOpacity: style.fill ? Math.min(1, style.fillOpacity + 0.18) : style.fillOpacity
    });
  }

  function openPopup(feature, latlng) {
    var size = map.getSize();
    L.popup({
      className: 'cg-popup',
      maxWidth: Math.min(feature.popup.tables.some(function (one) { return one.head.length > 3; }) ? 470 : 400, size.x - 40),
      minWidth: Math.min(280, size.x - 60),
      maxHeight: Math.max(180, Math.round(size.y * 0.62)),
      autoPanPaddingTopLeft: narrow.matches ? [8, 8] : [54, 12],
      autoPanPaddingBottomRight: [12, 12]
    }).setLatLng(latlng).setContent(G.popup(feature.popup)).openOn(map);
  }

  function wire(path, feature, role) {
    var style = G.pathStyle(data.styles[feature.style], feature.width);
    if (!feature.popup) { return; }
    path.bindTooltip(function () { return G.tooltip(feature); }, { sticky: true, className: 'cg-tooltip' });
    path.on('mouseover', function () { lighten(path, style); });
    path.on('mouseout', function () { path.setStyle(style); });
    path.on('click', function (event) {
      L.DomEvent.stopPropagation(event);
      openPopup(feature, event.latlng);
    });
    path.on('add', function () {
      var node = path.getElement();
      if (!node) { return; }
      node.setAttribute('data-key', feature.key);
      if (role === 'unit' || role === 'section' || role === 'site') {
        node.setAttribute('tabindex', '0');
        node.setAttribute('role', 'button');
        node.setAttribute('aria-label', feature.name + (feature.badge ? ' ' + feature.badge.text : ''));
        node.addEventListener('keydown', function (event) {
          if (event.key === 'Enter') { openPopup(feature, middle(feature, path)); }
        });
      }
    });
  }

  function middle(feature, path) {
    if (feature.at.length) { return L.latLng(feature.at[0][1], feature.at[0][0]); }
    return path.getBounds ? path.getBounds().getCenter() : path.getLatLng();
  }

  /* Several points, and shapes of several kinds, are a group in the group. */
  function eachPath(group, work) {
    group.eachLayer(function (one) { if (one.eachLayer) { eachPath(one, work); } else { work(one); } });
  }

  function drawFeature(feature, layer, svgRenderer, group) {
    var shape = unpack(feature.geometry);
    var look = data.styles[feature.style];
    var style = G.pathStyle(look, feature.width);
    style.className = 'cg-' + layer.role;
    var drawn = L.geoJSON(shape, {
      pane: 'cg-' + layer.role,
      interactive: layer.interactive,
      bubblingMouseEvents: false,
      style: function () { return Object.assign({ renderer: svgRenderer }, style); },
      pointToLayer: function (_, latlng) {
        return G.marker(look.marker, latlng, Object.assign({
          renderer: svgRenderer, pane: 'cg-' + layer.role, bubblingMouseEvents: false
        }, style));
      }
    });
    var isOn = function () { return map.hasLayer(group); };
    eachPath(drawn, function (path) {
      wire(path, feature, layer.role);
      if (path.getLatLng) { labels.addDot(path.getLatLng(), style.radius + 2, isOn); }
    });
    group.addLayer(drawn);
    features[feature.key] = { data: feature, drawn: drawn, role: layer.role };
    if (feature.label.length) {
      var centre = drawn.getBounds().getCenter();
      labels.add({
        label: feature.label,
        at: feature.at.length ? feature.at : [[centre.lng, centre.lat, 0]],
        radius: style.radius,
        unread: feature.badge !== null && feature.badge.style === 'none'
      }, layer.role, isOn);
    }
  }

  data.layers.forEach(function (layer) {
    var group = L.layerGroup([]);
    var svgRenderer = renderer(layer.role);
    if (layer.ground) {
      var ground = renderer('ground');
      layer.features.forEach(function (feature) {
        L.geoJSON(unpack(feature.geometry), {
          pane: 'cg-ground', interactive: false,
          style: function () { return Object.assign({ renderer: ground }, G.pathStyle(data.styles[layer.ground])); }
        }).addTo(map);
      });
    }
    layer.features.forEach(function (feature) { drawFeature(feature, layer, svgRenderer, group); });
    layers[layer.key] = group;
    if (layer.visible) { group.addTo(map); }
  });
  if (document.fonts && document.fonts.ready) {
    document.fonts.ready.then(function () { labels.place(); });
  }

  /* ---- 4 panel ---- */
  var panel = document.getElementById('panel');

  function block(title, className, open) {
    var box = el('details', 'cg-block ' + className);
    box.open = open;
    box.appendChild(el('summary', '', title));
    panel.appendChild(box);
    return box;
  }

  function fillLegend() {
    var box = block(words.legend, 'cg-block-legend', true);
    data.legends.forEach(function (one) { box.appendChild(G.legend(one, data.styles)); });
  }

  function fillLayers() {
    var box = block(words.layers, 'cg-block-layers', true);
    var groups = [];
    /* Beside a list the upper layers come first, each on a line of its own. */
    var listed = data.listing ? data.layers.slice().reverse() : data.layers;
    listed.forEach(function (layer) {
      if (groups.indexOf(layer.group) < 0) { groups.push(layer.group); }
    });
    groups.forEach(function (name) {
      var group = box.appendChild(el('details', 'cg-group' + (data.listing ? ' cg-whole' : '')));
      group.open = true;
      group.appendChild(el('summary', '', name));
      listed.forEach(function (layer) {
        if (layer.group !== name) { return; }
        var line = group.appendChild(el('label', 'cg-layer'));
        var box = line.appendChild(el('input'));
        box.type = 'checkbox';
        box.checked = layer.visible;
        box.setAttribute('data-layer', layer.key);
        box.addEventListener('change', function () {
          if (box.checked) { layers[layer.key].addTo(map); } else { layers[layer.key].remove(); }
          labels.place();
        });
        line.appendChild(el('span', '', layer.name));
      });
    });
  }

  function show(key) {
    var found = features[key];
    map.closePopup();
    map.once('moveend', function () {
      window.setTimeout(function () {
        found.drawn.eachLayer(function (path) { openPopup(found.data, middle(found.data, path)); });
      }, 0);
    });
    map.fitBounds(found.drawn.getBounds(), {
      padding: [40, 40], maxZoom: found.role === 'unit' ? 11 : 13.5, animate: false
    });
    if (narrow.matches) { window.scrollTo(0, 0); }
  }

  function fillList() {
    var layer = data.layers.filter(function (one) { return one.role === 'unit'; })[0];
    if (!layer) { return; }
    var box = block(words.units_list, 'cg-block-list', true);
    var grid = box.appendChild(el('table', 'cg-list'));
    var head = grid.appendChild(el('thead')).appendChild(el('tr'));
    [words.layer_units, words.list_class, words.list_deciding].forEach(function (text) {
      head.appendChild(el('th', '', text));
    });
    var body = grid.appendChild(el('tbody'));
    layer.features.forEach(function (feature) {
      var line = body.appendChild(el('tr'));
      var name = line.appendChild(el('td')).appendChild(el('button', 'cg-link', feature.name));
      name.type = 'button';
      name.setAttribute('data-unit', feature.key);
      name.addEventListener('click', function () { show(feature.key); });
      line.appendChild(el('td')).appendChild(
        G.badge({ text: feature.label[1], style: feature.badge.style }));
      line.appendChild(el('td', '', feature.summary || '—'));
    });
  }

  /* A table of the map's own: the first cell of a row shows its feature. */
  function fillListing() {
    var listing = data.listing;
    if (!listing) { return; }
    var box = block(listing.title, 'cg-block-list', true);
    var grid = box.appendChild(el('table', 'cg-list cg-listing'));
    var head = grid.appendChild(el('thead')).appendChild(el('tr'));
    listing.head.forEach(function (text) { head.appendChild(el('th', '', text)); });
    var body = grid.appendChild(el('tbody'));
    listing.rows.forEach(function (row) {
      var line = body.appendChild(el('tr'));
      row[1].forEach(function (value, at) {
        if (at || !row[0]) {
          line.appendChild(G.cell('td', value));
          return;
        }
        var name = line.appendChild(el('td')).appendChild(el('button', 'cg-link', value));
        name.type = 'button';
        name.setAttribute('data-unit', row[0]);
        name.addEventListener('click', function () { show(row[0]); });
      });
    });
    if (listing.note) { box.appendChild(el('p', 'cg-small', listing.note)); }
  }

  function fillNotes() {
    var foot = document.getElementById('foot');
    var notes = foot.appendChild(el('p', 'cg-notes'));
    notes.appendChild(el('b', '', words.notes));
    data.notes.forEach(function (text) { notes.appendChild(el('span', '', text)); });
    var sources = foot.appendChild(el('details', 'cg-sources'));
    var line = sources.appendChild(el('summary'));
    line.appendChild(el('b', '', words.sources));
    data.attribution.forEach(function (one) { line.appendChild(el('span', '', one[0])); });
    var list = sources.appendChild(el('ul'));
    data.attribution.forEach(function (one) {
      var item = list.appendChild(el('li', '', one[0]));
      if (one[1]) { item.appendChild(el('i', '', one[1])); }
    });
  }

  /* ---- 5 controls ---- */
  function control(position, make) {
    var one = L.control({ position: position });
    one.onAdd = make;
    return one.addTo(map);
  }

  L.control.zoom({ position: 'topleft', zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  control('topleft', function () {
    var bar = el('div', 'leaflet-bar cg-home');
    var link = bar.appendChild(el('a', '', '⌂'));
    link.href = '#';
    link.title = words.home;
    link.setAttribute('role', 'button');
    link.setAttribute('aria-label', words.home);
    L.DomEvent.disableClickPropagation(bar);
    link.addEventListener('click', function (event) {
      event.preventDefault();
      map.closePopup();
      home();
    });
    return bar;
  });
  control('topright', function () {
    var box = el('div', 'cg-north');
    var drawing = G.svg('svg', { width: 30, height: 40, viewBox: '0 0 30 40', role: 'img' });
    drawing.appendChild(G.svg('path', { d: 'M15 1 L24 27 L15 21 Z', fill: '#2b3a44' }));
    drawing.appendChild(G.svg('path', { d: 'M15 1 L6 27 L15 21 Z', fill: '#ffffff', stroke: '#2b3a44' }));
    box.appendChild(drawing);
    box.appendChild(el('span', '', words.north));
    return box;
  });
  L.control.scale({ imperial: false, maxWidth: 140, position: 'bottomleft' }).addTo(map);
  control('bottomright', function () {
    var box = el('div', 'leaflet-control-attribution', ['Leaflet'].concat(data.credits).join(' | '));
    return box;
  });

  /* ---- 6 window and print ---- */
  /* On a narrow screen an open popup takes the place of the buttons. */
  map.on('popupopen', function () { map.getContainer().classList.add('cg-reading'); });
  map.on('popupclose', function () { map.getContainer().classList.remove('cg-reading'); });
  window.addEventListener('resize', function () {
    map.invalidateSize({ pan: false });
    if (!moved) { home(); }
  });
  window.addEventListener('beforeprint', function () {
    map.closePopup();
    map.invalidateSize({ pan: false });
    home();
  });

  /* ---- 7 start ---- */
  fillLegend();
  fillListing();
  fillLayers();
  fillList();
  fillNotes();
  map.invalidateSize({ pan: false });
  home();
  labels.start();
  document.documentElement.setAttribute('data-ready', 'yes');
  window.ChaoyangMap = {
    map: map, layers: layers, features: features, styles: data.styles, labels: labels, show: show, home: home,
    openPopup: openPopup
  };
}());
