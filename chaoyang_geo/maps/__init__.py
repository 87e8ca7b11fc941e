"""Maps: what is drawn (``layers``), one offline HTML file (``viewer``), notebooks (``notebook``)."""
