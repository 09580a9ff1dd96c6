# There is no flake.lock yet: a lock needs the hash of a nixpkgs revision, so the first `nix flake lock` on a machine
# with access to it makes one, which should then be committed. Until then `tests/nix/run` evaluates all this against a
# stand-in for nixpkgs; what only nixpkgs can show (that the package builds) is not shown by it.
{
  description = "An MCP server for Jira and Confluence where every call is authorized by Cedar, audited and explainable";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      systems = linux ++ [ "aarch64-darwin" ];
      forEach = names: make: lib.genAttrs names (system: make nixpkgs.legacyPackages.${system});

      manifest = (builtins.fromTOML (builtins.readFile ./Cargo.toml)).package;
      build =
        pkgs:
        pkgs.rustPlatform.buildRustPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = ./.;
          cargoLock.lockFile = ./Cargo.lock;
          # The rest of the tests wants network clients and an OpenBao server: `scripts/test` runs them.
          cargoTestFlags = [ "--lib" ];
          # Proofs about policies are tested with the real solver.
          nativeCheckInputs = [ pkgs.cvc5 ];
          meta = {
            inherit (manifest) description;
            license = lib.licenses.asl20;
            mainProgram = "portcullis";
            platforms = systems;
          };
        };

      module =
        { lib, pkgs, ... }:
        {
          imports = [ ./nixos-module ];
          services.portcullis.package =
            lib.mkDefault
              self.packages.${pkgs.stdenv.hostPlatform.system}.portcullis;
        };
    in
    {
      packages = forEach systems (pkgs: rec {
        portcullis = build pkgs;
        default = portcullis;
      });

      overlays.default = final: _: { portcullis = build final; };

      nixosModules = {
        portcullis = module;
        default = module;
      };

      devShells = forEach systems (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.cargo-deny
            pkgs.clippy
            pkgs.cvc5
            pkgs.nodejs
            pkgs.python3
            pkgs.rust-analyzer
            pkgs.rustc
            pkgs.rustfmt
          ];
          PORTCULLIS_TEST_BAO = "${pkgs.openbao}/bin/bao";
        };
      });

      checks = forEach linux (
        pkgs:
        let
          inherit (pkgs.stdenv.hostPlatform) system;
          package = self.packages.${system}.portcullis;
          directives = import ./tests/nix/unit.nix;
          evaluated = lib.nixosSystem {
            inherit system;
            modules = [
              self.nixosModules.default
              { services.portcullis.enable = true; }
            ];
          };
          text = evaluated.config.systemd.units."portcullis.service".text;
          rendered = builtins.replaceStrings [ "${package}" ] [ "/usr" ] text;
          committed = builtins.readFile ./dist/portcullis.service;
        in
        {
          inherit package;
          module =
            assert lib.assertMsg (
              directives rendered "Service" == directives committed "Service"
            ) "dist/portcullis.service is not what nixos-module/default.nix renders";
            pkgs.writeText "portcullis.service" text;
        }
      );

      formatter = forEach systems (pkgs: pkgs.nixfmt-tree);
    };
}
