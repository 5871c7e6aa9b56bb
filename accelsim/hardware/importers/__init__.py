"""How do other tools' descriptions of a chip become a hardware profile? One module per tool."""
