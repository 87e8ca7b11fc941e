/* Zones and sites of a map that has very many: drawn on a canvas for each role, popups put
   together from texts that are stored once. */
(function () {
  'use strict';
  var G = window.ChaoyangGeo;
  var L = window.L;
  var page = window.ChaoyangMap;
  var map = page.map;
  var data = JSON.parse(document.getElementById('many').textContent);
  var styles = page.styles;

  /* ---- 1 texts: a string, or the numbers of its pieces ---- */
  function text(number) {
    var stored = data.texts[number];
    return typeof stored === 'string' ? stored : stored.map(text).join('');
  }

  /* Numbers below 0 are badges. */
  function badge(number) {
    var stored = number === null ? null : data.badges[-1 - number];
    return stored && { text: stored[0], style: stored[1] };
  }

  function cell(number) {
    return number < 0 ? badge(number) : text(number);
  }

  function popup(stored) {
    return {
      title: text(stored[0]),
      kind: text(stored[1]),
      badge: badge(stored[2]),
      paragraphs: stored[3].map(text),
      rows: stored[4].map(function (row) { return [text(row[0]), cell(row[1])]; }),
      tables: stored[5].map(function (table) {
        return {
          title: text(table[0]),
          head: table[1].map(text),
          rows: table[2].map(function (row) { return row.map(cell); }),
          note: text(table[3]),
          lead: table[4] === 1
        };
      })
    };
  }

  /* What the page reads of a feature and its drawing; texts are made when they are asked for. */
  function Feature(stored, path) {
    this.key = stored[0];
    this.at = [];
    this.stored = stored;
    this.path = path;
  }
  Object.defineProperties(Feature.prototype, {
    name: { get: function () { return text(this.stored[1]); } },
    badge: { get: function () { return badge(this.stored[3]); } },
    popup: { get: function () { return popup(data.popups[this.stored[4]]); } }
  });
  Feature.prototype.eachLayer = function (work) { work(this.path); };
  Feature.prototype.getBounds = function () {
    return this.path.getBounds ? this.path.getBounds() : L.latLngBounds([this.path.getLatLng()]);
  };

  /* ---- 2 shapes: whole steps of 1e-5 degree, each relative to the one before ---- */
  function places(packed) {
    if (typeof packed[0] !== 'number') { return packed.map(places); }
    var line = [];
    var x = 0;
    var y = 0;
    for (var i = 0; i < packed.length; i += 2) {
      x += packed[i];
      y += packed[i + 1];
      line.push([y / 1e5, x / 1e5]);
    }
    return line;
  }

  /* ---- 3 looks ---- */
  /* The fill of a style with lines over it, as the legend shows it. */
  function hatched(style) {
    var first = style.hatches[0];
    var fine = 4;
    var size = Math.round(first[1] * fine);
    var tile = document.createElement('canvas');
    tile.width = tile.height = size;
    var pen = tile.getContext('2d');
    pen.globalAlpha = style.fill_opacity;
    pen.fillStyle = style.fill;
    pen.fillRect(0, 0, size, size);
    pen.globalAlpha = 0.72;
    pen.fillStyle = style.stroke;
    style.hatches.forEach(function (one) {
      var along = one[0] === first[0];
      pen.fillRect(0, 0, along ? size : 0.9 * fine, along ? 0.9 * fine : size);
    });
    var pattern = pen.createPattern(tile, 'repeat');
    pattern.setTransform(new DOMMatrix().rotate(-first[0]).scale(first[1] / size));
    return pattern;
  }

  var looks = {};

  function look(name) {
    if (!looks[name]) {
      looks[name] = G.pathStyle(styles[name]);
      if (styles[name].hatches) {
        Object.assign(looks[name], { fillColor: hatched(styles[name]), fillOpacity: 1 });
      }
    }
    return looks[name];
  }

  /* ---- 4 canvases ---- */
  function inked(pen, path, options) {
    pen.globalAlpha = 0.75;
    pen.strokeStyle = '#10222e';
    pen.lineWidth = options.weight + 1.4;
    pen.stroke(path);
    pen.globalAlpha = options.fillOpacity;
    pen.fillStyle = options.fillColor;
    pen.fill(path);
    pen.globalAlpha = options.opacity;
    pen.strokeStyle = options.color;
    pen.lineWidth = options.weight;
    pen.stroke(path);
  }

  /* Signs as the page draws them: Leaflet's circle, or the path of a shape, with a dark edge. */
  var Canvas = L.Canvas.extend({
    _initContainer: function () {
      L.Canvas.prototype._initContainer.call(this);
      /* What lies between two canvases must be hit: section 5 finds what is drawn here. */
      this._container.style.pointerEvents = 'none';
    },
    _initPath: function (path) {
      L.Canvas.prototype._initPath.call(this, path);
      this._ordered = false;
    },
    /* A layer that is switched on again comes back to its place: Leaflet would put it on top. */
    _draw: function () {
      if (!this._ordered) { this._sortPaths(); }
      L.Canvas.prototype._draw.call(this);
    },
    _sortPaths: function () {
      var paths = Object.values(this._layers);
      paths.sort(function (one, other) { return one.options.rank - other.options.rank; });
      paths.forEach(function (path, at) {
        path._order.prev = at ? paths[at - 1]._order : null;
        path._order.next = at + 1 < paths.length ? paths[at + 1]._order : null;
      });
      this._drawFirst = paths.length ? paths[0]._order : null;
      this._drawLast = paths.length ? paths[paths.length - 1]._order : null;
      this._ordered = true;
    },
    _dot: function (path) {
      if (!this._drawing) { return; }
      var at = path._rawPxBounds.getCenter();
      var size = path.options.weight;
      this._ctx.globalAlpha = path.options.opacity;
      this._ctx.fillStyle = path.options.color;
      this._ctx.fillRect(at.x - size / 2, at.y - size / 2, size, size);
    },
    _updateCircle: function (sign) {
      if (!this._drawing || sign._empty()) { return; }
      var path = new Path2D();
      path.arc(sign._point.x, sign._point.y, sign._radius, 0, 2 * Math.PI);
      inked(this._ctx, path, sign.options);
    },
    _setPath: function (sign, path) {
      if (this._drawing && !sign._empty()) { inked(this._ctx, new Path2D(path), sign.options); }
    }
  });

  /* A shape smaller than this, in pixels, is a dot; that of a site lies under its sign. */
  var LEAST = { zone: 1, site: 8 };

  function unlessSmall() {
    var size = this._rawPxBounds.getSize();
    if (Math.max(size.x, size.y) >= LEAST[this.options.role]) {
      this._renderer._updatePoly(this, this.options.fill);
    } else if (this.options.role === 'zone') {
      this._renderer._dot(this);
    }
  }
  var Area = L.Polygon.extend({ _updatePath: unlessSmall });
  var Line = L.Polyline.extend({ _updatePath: unlessSmall });

  var canvases = {};
  var drawn = { zone: [], site: [] };

  function canvas(role) {
    if (!canvases[role]) { canvases[role] = new Canvas({ pane: 'cg-' + role, padding: 0.2 }); }
    return canvases[role];
  }

  var rank = 0;

  function add(stored, role, group) {
    var name = text(stored[2]);
    var options = Object.assign({}, look(name), {
      renderer: canvas(role), pane: 'cg-' + role, interactive: false, role: role, rank: rank
    });
    rank += 1;
    var at = places(stored[6]);
    var path = stored[5] === 0 ? G.marker(styles[name].marker, at[0], options) :
      stored[5] === 1 ? new Line(at, options) : new Area(at, options);
    group.addLayer(path);
    if (stored[4] === null) { return; }
    var feature = new Feature(stored, path);
    drawn[role].push(feature);
    page.features[feature.key] = { data: feature, drawn: feature, role: role };
  }

  data.layers.forEach(function (layer) {
    layer.features.forEach(function (stored) { add(stored, layer.role, page.layers[layer.key]); });
  });

  /* ---- 5 the pointer ---- */
  function find(role, point) {
    for (var i = drawn[role].length - 1; i >= 0; i -= 1) {
      var path = drawn[role][i].path;
      if (map.hasLayer(path) && path._containsPoint(point)) { return drawn[role][i]; }
    }
    return null;
  }

  /* The upper one of what is drawn here and of a shape of the page's own. */
  function pointed(event) {
    if (event.target.closest('.leaflet-popup, .leaflet-control')) { return null; }
    var point = map.mouseEventToLayerPoint(event);
    var other = event.target.closest('.leaflet-interactive');
    var height = other ? Number(other.closest('.leaflet-pane').style.zIndex) : 0;
    var above = height > Number(map.getPane('cg-zone').style.zIndex);
    return find('site', point) || (above ? null : find('zone', point));
  }

  var frame = map.getContainer();
  frame.addEventListener('click', function (event) {
    var feature = map.dragging.moved() || map.boxZoom.moved() ? null : pointed(event);
    if (!feature) { return; }
    event.stopPropagation();
    last = null;
    tip.remove();
    page.openPopup(feature, map.mouseEventToLatLng(event));
  }, true);

  var tip = L.tooltip({ className: 'cg-tooltip cg-upper', direction: 'right', offset: [12, 0] });
  var over = null;
  var last = null;

  function hover() {
    var feature = last && !map.dragging.moving() ? pointed(last) : null;
    frame.style.cursor = feature ? 'pointer' : '';
    frame.classList.toggle('cg-covered', feature !== null);
    if (!feature) {
      tip.remove();
    } else {
      if (feature !== over) { tip.setContent(G.tooltip(feature)); }
      tip.setLatLng(map.mouseEventToLatLng(last)).addTo(map);
    }
    over = feature;
    last = null;
  }
  frame.addEventListener('mousemove', function (event) {
    if (!last) { window.setTimeout(hover, 32); }
    last = event;
  });
  frame.addEventListener('mouseleave', function () {
    last = null;
    tip.remove();
  });

  /* ---- 6 print: drawn at once, and as a group, because a bare canvas is white on paper ---- */
  function printing(opacity) {
    Object.keys(canvases).forEach(function (role) {
      if (!map.hasLayer(canvases[role])) { return; }  /* all of it is switched off */
      canvases[role]._redraw();
      canvases[role].getPane().style.opacity = opacity;
    });
  }
  window.addEventListener('beforeprint', function () { printing(0.99); });
  window.addEventListener('afterprint', function () { printing(''); });
  document.documentElement.setAttribute('data-many', 'yes');
}());
