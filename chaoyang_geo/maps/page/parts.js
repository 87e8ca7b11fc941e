/* Parts that the page and the notebook share: popup, swatches, hatch, labels.
   Every text goes in by textContent, so data can never become markup or script. */
(function () {
  'use strict';
  var SVG = 'http://www.w3.org/2000/svg';
  var HATCH = 'cg-hatch';

  /* ---- 1 elements ---- */
  function el(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== null) { node.textContent = text; }
    return node;
  }

  function svg(tag, attributes) {
    var node = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    return node;
  }

  function badge(data) {
    return el('span', 'cg-badge cg-class-' + data.style, data.text);
  }

  function cell(tag, value) {
    var node = el(tag);
    if (value !== null && typeof value === 'object') {
      node.appendChild(badge(value));
    } else {
      node.textContent = value;
    }
    return node;
  }

  /* ---- 2 popup ---- */
  function table(data) {
    /* Cells of several lines share the width; others keep their last column on one line. */
    var broad = data.rows.some(function (row) {
      return row.some(function (value) { return typeof value === 'string' && value.indexOf('\n') >= 0; });
    });
    var box = el('section', 'cg-table' + (broad ? ' cg-broad' : data.lead ? ' cg-lead' : ''));
    box.appendChild(el('h4', '', data.title));
    var grid = el('table');
    var head = grid.appendChild(el('thead')).appendChild(el('tr'));
    data.head.forEach(function (text) { head.appendChild(el('th', '', text)); });
    var body = grid.appendChild(el('tbody'));
    data.rows.forEach(function (row) {
      var line = body.appendChild(el('tr'));
      row.forEach(function (value) { line.appendChild(cell('td', value)); });
    });
    box.appendChild(grid);
    if (data.note) { box.appendChild(el('p', 'cg-small', data.note)); }
    return box;
  }

  function popup(data) {
    var box = el('article', 'cg-popup-body');
    function tables(lead) {
      data.tables.forEach(function (one) {
        if (one.lead === lead) { box.appendChild(table(one)); }
      });
    }
    var head = box.appendChild(el('header'));
    head.appendChild(el('h3', '', data.title));
    if (data.kind) { head.appendChild(el('span', 'cg-kind', data.kind)); }
    if (data.badge) { head.appendChild(badge(data.badge)); }
    data.paragraphs.forEach(function (text) { box.appendChild(el('p', 'cg-why', text)); });
    tables(true);
    if (data.rows.length) {
      var list = box.appendChild(el('dl', 'cg-facts'));
      data.rows.forEach(function (row) {
        list.appendChild(el('dt', '', row[0]));
        list.appendChild(cell('dd', row[1]));
      });
    }
    tables(false);
    return box;
  }

  function tooltip(feature) {
    var box = el('span', 'cg-tip');
    box.appendChild(el('b', '', feature.name));
    if (feature.badge) { box.appendChild(badge(feature.badge)); }
    return box;
  }

  /* ---- 3 styles and swatches ---- */
  function pathStyle(style, width) {
    return {
      stroke: style.stroke !== '',
      color: style.stroke || '#000000',
      weight: width || style.weight,
      opacity: style.opacity,
      dashArray: style.dash || null,
      fill: style.fill !== '',
      fillColor: style.paint || (style.hatch ? 'url(#' + HATCH + ')' : style.fill),
      fillOpacity: style.paint ? 1 : style.fill_opacity,
      radius: style.radius || 5,
      lineCap: 'round',
      lineJoin: 'round'
    };
  }

  /* A fill with lines over it; a second set of lines lies at a right angle to the first. */
  function linedPattern(name, style) {
    var first = style.hatches[0];
    var gap = first[1];
    var pattern = svg('pattern', {
      id: name, width: gap, height: gap, patternUnits: 'userSpaceOnUse',
      patternTransform: 'rotate(' + -first[0] + ')'
    });
    pattern.appendChild(svg('rect', {
      width: gap, height: gap, fill: style.fill, 'fill-opacity': style.fill_opacity
    }));
    style.hatches.forEach(function (one) {
      var along = one[0] === first[0];
      pattern.appendChild(svg('rect', {
        width: along ? gap : 0.9, height: along ? 0.9 : gap, fill: style.stroke, 'fill-opacity': 0.72
      }));
    });
    return pattern;
  }

  /* One hidden drawing holds the hatches; paths and swatches refer to them by name. */
  function addHatch(parent, styles) {
    var drawing = svg('svg', { width: 0, height: 0, 'class': 'cg-defs', 'aria-hidden': 'true' });
    var pattern = svg('pattern', {
      id: HATCH, width: 7, height: 7, patternUnits: 'userSpaceOnUse',
      patternTransform: 'rotate(45)'
    });
    pattern.appendChild(svg('rect', { width: 7, height: 7, fill: '#e9ebec' }));
    pattern.appendChild(svg('rect', { width: 1.6, height: 7, fill: '#aab1b6' }));
    var defs = drawing.appendChild(svg('defs', {}));
    defs.appendChild(pattern);
    Object.keys(styles || {}).forEach(function (key) {
      if (!styles[key].hatches) { return; }
      var name = HATCH + '-' + key;
      defs.appendChild(linedPattern(name, styles[key]));
      styles[key].paint = 'url(#' + name + ')';
    });
    parent.appendChild(drawing);
  }

  /* Corners of a shape that looks as large as a circle of radius 1, from the top, clockwise. */
  var CORNERS = {
    square: [4, 1.25, 45], diamond: [4, 1.4, 0], triangle: [3, 1.5, 0], pentagon: [5, 1.25, 0],
    octagon: [8, 1.15, 22.5]
  };

  function markerPath(shape, x, y, radius) {
    var look = CORNERS[shape];
    var low = shape === 'triangle' ? 0.25 * radius : 0;
    var points = [];
    for (var i = 0; i < look[0]; i += 1) {
      var turn = (look[2] + 360 * i / look[0]) * Math.PI / 180;
      points.push((x + radius * look[1] * Math.sin(turn)).toFixed(2) + ' ' +
        (y + low - radius * look[1] * Math.cos(turn)).toFixed(2));
    }
    return 'M' + points.join('L') + 'Z';
  }

  /* A point: Leaflet's circle, or the shape that its style names. */
  function marker(shape, latlng, options) {
    var one = window.L.circleMarker(latlng, options);
    if (CORNERS[shape]) {
      one._updatePath = function () {
        this._renderer._setPath(this, this._empty() ? 'M0 0' :
          markerPath(shape, this._point.x, this._point.y, this._radius));
      };
    }
    return one;
  }

  function swatch(entry, styles) {
    var look = pathStyle(styles[entry.style], entry.width);
    var drawing = svg('svg', { width: 30, height: 18, 'class': 'cg-swatch', 'aria-hidden': 'true' });
    var common = {
      stroke: look.stroke ? look.color : 'none',
      'stroke-width': Math.min(look.weight, 4),
      'stroke-opacity': look.opacity,
      'stroke-dasharray': look.dashArray || 'none',
      fill: look.fill ? look.fillColor : 'none',
      'fill-opacity': look.fillOpacity
    };
    var shape;
    if (entry.kind === 'point') {
      var corners = CORNERS[styles[entry.style].marker];
      var point = function (radius, rest) {
        return corners ?
          svg('path', Object.assign({ d: markerPath(styles[entry.style].marker, 15, 9, radius) }, rest)) :
          svg('circle', Object.assign({ cx: 15, cy: 9, r: radius }, rest));
      };
      drawing.appendChild(point(look.radius + 1.4, { fill: '#5b6770' }));
      shape = point(look.radius, common);
    } else if (entry.kind === 'line') {
      shape = svg('path', Object.assign({ d: 'M2 9H28' }, common, { fill: 'none' }));
    } else {
      shape = svg('rect', Object.assign({ x: 2, y: 2, width: 26, height: 14, rx: 1.5 }, common));
    }
    drawing.appendChild(shape);
    return drawing;
  }

  function legend(data, styles) {
    var box = el('section', 'cg-legend cg-legend-' + data.key);
    var head = box.appendChild(el('div', 'cg-legend-head'));
    head.appendChild(el('h4', '', data.title));
    data.heads.forEach(function (text) { head.appendChild(el('span', 'cg-count', text)); });
    data.entries.forEach(function (entry) {
      var none = entry.counts.length && entry.counts.every(function (n) { return n === 0; });
      var line = box.appendChild(el('div', 'cg-legend-line' + (none ? ' cg-empty' : '')));
      line.appendChild(swatch(entry, styles));
      line.appendChild(el('span', 'cg-legend-text' + (entry.word ? ' cg-named' : ''), entry.text));
      if (entry.word) { line.appendChild(el('span', 'cg-legend-word', entry.word)); }
      entry.counts.forEach(function (n) { line.appendChild(el('span', 'cg-count', n)); });
    });
    return box;
  }

  /* ---- 4 labels that never overlap ---- */
  var RANK = { unit: 0, site: 0, area: 1, zone: 1, county: 2, river: 3, reservoir: 3, section: 4, own: 5 };

  function Labels(map) {
    this.map = map;
    this.items = [];
    this.dots = [];
    this.baseZoom = 0;
    this.pane = map.createPane('cg-labels');
    this.pane.classList.add('leaflet-zoom-hide');
  }

  /* Call when the map first shows its whole extent: section names wait for one step closer. */
  Labels.prototype.start = function () {
    this.baseZoom = this.map.getZoom();
    this.map.on('zoomend viewreset resize', this.place, this);
    this.place();
  };

  /* shown() says whether the label's layer is on. */
  Labels.prototype.add = function (feature, role, shown) {
    var node = el('div', 'cg-label cg-label-' + role + (feature.unread ? ' cg-unread' : ''));
    feature.label.forEach(function (text, line) {
      node.appendChild(el('span', line ? 'cg-label-more' : 'cg-label-name', text));
    });
    this.pane.appendChild(node);
    this.items.push({ node: node, at: feature.at, role: role, radius: feature.radius || 0, shown: shown, size: null });
    return node;
  };

  /* A dot is an obstacle: labels go beside it, not over it. */
  Labels.prototype.addDot = function (latlng, radius, shown) {
    this.dots.push({ latlng: latlng, radius: radius, shown: shown });
  };

  function hits(box, boxes) {
    return boxes.some(function (other) {
      return box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3];
    });
  }

  function around(x, y, width, height, angle, pad) {
    var turn = angle * Math.PI / 180;
    var w = Math.abs(width * Math.cos(turn)) + Math.abs(height * Math.sin(turn));
    var h = Math.abs(width * Math.sin(turn)) + Math.abs(height * Math.cos(turn));
    return [x - w / 2 - pad, y - h / 2 - pad, x + w / 2 + pad, y + h / 2 + pad];
  }

  Labels.prototype.spots = function (item) {
    var map = this.map;
    var size = item.size;
    if (item.role === 'section' || item.role === 'own' || item.role === 'site') {
      var point = map.latLngToLayerPoint([item.at[0][1], item.at[0][0]]);
      var aside = size[0] / 2 + item.radius + 5;
      var over = size[1] / 2 + item.radius + 4;
      return [[aside, 0], [-aside, 0], [0, over], [0, -over], [aside, over], [-aside, over],
        [aside, -over], [-aside, -over]].map(function (shift) {
        return [point.x + shift[0], point.y + shift[1], 0];
      });
    }
    var spots = [];
    item.at.forEach(function (place) {
      var point = map.latLngToLayerPoint([place[1], place[0]]);
      if (item.role !== 'river') {
        spots.push([point.x, point.y, place[2]]);
        return;
      }
      /* A river's name stands beside its line, above or below. */
      var turn = place[2] * Math.PI / 180;
      [-1, 1].forEach(function (side) {
        var off = side * (size[1] / 2 + 2);
        spots.push([point.x - off * Math.sin(turn), point.y + off * Math.cos(turn), place[2]]);
      });
    });
    return spots;
  };

  Labels.prototype.place = function () {
    var self = this;
    var zoom = this.map.getZoom();
    var dots = [];
    this.dots.forEach(function (dot) {
      if (!dot.shown()) { return; }
      var point = self.map.latLngToLayerPoint(dot.latlng);
      dots.push(around(point.x, point.y, 2 * dot.radius, 2 * dot.radius, 0, 1));
    });
    var taken = [];
    this.items.forEach(function (item) {
      if (!item.size || !item.size[0]) { item.size = [item.node.offsetWidth, item.node.offsetHeight]; }
    });
    this.items.slice().sort(function (a, b) { return RANK[a.role] - RANK[b.role]; })
      .forEach(function (item) {
        var on = item.shown() && (item.role !== 'section' || zoom >= self.baseZoom + 1);
        var spots = on ? self.spots(item) : [];
        /* A unit's label may lie over a dot when there is no other place; others are hidden. */
        var tries = item.role === 'unit' ? [taken.concat(dots), taken] : [taken.concat(dots)];
        var found = null;
        tries.some(function (obstacles) {
          return spots.some(function (spot) {
            var box = around(spot[0], spot[1], item.size[0], item.size[1], spot[2], 1);
            if (hits(box, obstacles)) { return false; }
            found = spot;
            taken.push(box);
            return true;
          });
        });
        item.node.classList.toggle('cg-off', found === null);
        if (found) {
          item.node.style.transform = 'translate(' + (found[0] - item.size[0] / 2).toFixed(1) +
            'px,' + (found[1] - item.size[1] / 2).toFixed(1) + 'px) rotate(' + found[2] + 'deg)';
        }
      });
  };

  window.ChaoyangGeo = {
    el: el, svg: svg, badge: badge, cell: cell, popup: popup, tooltip: tooltip, pathStyle: pathStyle,
    addHatch: addHatch, marker: marker, swatch: swatch, legend: legend, Labels: Labels
  };
}());
