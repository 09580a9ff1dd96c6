# Takes the place of the nixpkgs input where it cannot be fetched: `--override-input nixpkgs path:tests/nix/nixpkgs-stub`.
{
  outputs = _: import ./default.nix;
}
