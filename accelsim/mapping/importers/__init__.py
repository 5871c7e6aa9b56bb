"""How do other tools' mappings become nests? One module per tool."""
