# The NixOS module. `dist/portcullis.service` is the same unit for other distributions; `tests/nix/run` compares the two.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.portcullis;
  toml = pkgs.formats.toml { };
  configFile = toml.generate "portcullis.toml" cfg.settings;

  # A string, never a path literal: Nix copies path literals into its store, where every local user can read them.
  secretFile = lib.types.strMatching "/.*";
  inStore = lib.hasPrefix "${builtins.storeDir}/";
  loopback = lib.elem cfg.settings.server.host [
    "127.0.0.1"
    "::1"
    "localhost"
  ];

  # Secrets written out in `settings` would be readable by everyone: a reference (`cred://name`) or a file is not.
  isSecretName =
    name:
    builtins.match "(.*_)?(token|password|passphrase|secret|secret_id|api_key|private_key)" name
    != null;
  isReference = value: builtins.match "[a-z]+:.*|/.*" value != null && !inStore value;
  exposed =
    section:
    lib.concatMap (
      name:
      let
        value = section.${name};
      in
      if builtins.isAttrs value then
        map (inner: "${name}.${inner}") (exposed value)
      else
        lib.optional (builtins.isString value && isSecretName name && !isReference value) name
    ) (lib.attrNames section);
in
{
  options.services.portcullis = {
    enable = lib.mkEnableOption "Portcullis, an MCP server for Jira and Confluence";

    package = lib.mkPackageOption pkgs "portcullis" { };

    settings = lib.mkOption {
      description = ''
        The configuration file, as TOML. It is world-readable: name secrets by reference,
        for example `jira.personal_token = "cred://jira-token"`.
      '';
      default = { };
      example = {
        jira = {
          url = "https://jira.example.com";
          personal_token = "cred://jira-token";
        };
      };
      type = lib.types.submodule {
        freeformType = toml.type;
        options.server.host = lib.mkOption {
          type = lib.types.str;
          default = "127.0.0.1";
          description = "Address to listen on.";
        };
        options.server.port = lib.mkOption {
          type = lib.types.port;
          default = 8000;
          description = "Port to listen on.";
        };
      };
    };

    policies = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = lib.literalExpression "./policies";
      description = "Directory of Cedar policies; sets `settings.policy.directory`. Null: the built-in profile.";
    };

    credentials = lib.mkOption {
      type = lib.types.attrsOf secretFile;
      default = { };
      example.jira-token = "/run/secrets/jira-token";
      description = ''
        Files that systemd reads as root and hands to the service alone;
        `settings` refers to them as `cred://name`.
      '';
    };

    environmentFile = lib.mkOption {
      type = lib.types.nullOr secretFile;
      default = null;
      example = "/run/secrets/portcullis.env";
      description = "File of environment variables, for secrets that cannot be given as `credentials`.";
    };

    allowedAddresses = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [
        "localhost"
        "10.0.0.0/8"
        "172.16.0.0/12"
        "192.168.0.0/16"
        "fc00::/7"
      ];
      example = [ "any" ];
      description = ''
        Addresses the service may talk to, in both directions; the kernel drops everything else.
        The default is private networks, so Atlassian Cloud needs `[ "any" ]` or Atlassian's ranges.
      '';
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Open `settings.server.port` in the firewall.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(lib.any inStore (lib.attrValues cfg.credentials));
        message = "services.portcullis.credentials: a secret must not be in the Nix store, where every local user can read it.";
      }
      {
        assertion = cfg.environmentFile == null || !(inStore cfg.environmentFile);
        message = "services.portcullis.environmentFile: a secret must not be in the Nix store, where every local user can read it.";
      }
      {
        assertion = exposed cfg.settings == [ ];
        message = "services.portcullis.settings: give a reference such as cred://name instead of the secret in: ${toString (exposed cfg.settings)}.";
      }
      {
        assertion = cfg.openFirewall -> !loopback;
        message = "services.portcullis.openFirewall has no effect while settings.server.host is a loopback address.";
      }
      {
        assertion = cfg.settings.server.port >= 1024;
        message = "services.portcullis.settings.server.port: the service has no capability to listen below 1024; put a reverse proxy in front.";
      }
    ];

    services.portcullis.settings.policy = lib.mkIf (cfg.policies != null) {
      directory = "${cfg.policies}";
    };

    users.users.portcullis = {
      isSystemUser = true;
      group = "portcullis";
      description = "Portcullis MCP server";
    };
    users.groups.portcullis = { };

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ cfg.settings.server.port ];

    environment.etc."portcullis/config.toml".source = configFile;

    systemd.services.portcullis = {
      description = "Portcullis MCP server for Jira and Confluence";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      restartTriggers = [ configFile ];
      # A failing `check` is not repaired by trying again: five times in a minute, then stay down.
      startLimitIntervalSec = lib.mkDefault 60;
      startLimitBurst = lib.mkDefault 5;
      environment.SSL_CERT_FILE = lib.mkDefault "/etc/ssl/certs/ca-certificates.crt";

      serviceConfig = {
        Type = "exec";
        ExecStartPre = "${cfg.package}/bin/portcullis check --config /etc/portcullis/config.toml";
        ExecStart = "${cfg.package}/bin/portcullis --config /etc/portcullis/config.toml --transport streamable-http";
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = lib.mkDefault "on-failure";
        RestartSec = lib.mkDefault 2;
        RestartPreventExitStatus = "64 78";
        TimeoutStopSec = lib.mkDefault 30;

        # A fixed user, because the audit log must keep its owner.
        User = "portcullis";
        Group = "portcullis";
        UMask = "0077";
        StateDirectory = "portcullis";
        StateDirectoryMode = "0700";
        LogsDirectory = "portcullis";
        LogsDirectoryMode = "0700";
        RuntimeDirectory = "portcullis";
        RuntimeDirectoryMode = "0700";
        WorkingDirectory = "%S/portcullis";
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
        EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;

        # Limits
        LimitNOFILE = lib.mkDefault 65536;
        TasksMax = lib.mkDefault 512;
        MemoryMax = lib.mkDefault "1G";
        LimitCORE = 0;
        CoredumpFilter = 0;

        # Network: no raw or netlink sockets; link-local metadata services are out of reach.
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_UNIX"
        ];
        IPAddressDeny = "any";
        IPAddressAllow = cfg.allowedAddresses;

        # Files
        ProtectSystem = "strict";
        ProtectHome = true;
        PrivateTmp = true;
        PrivateMounts = true;
        PrivateDevices = true;
        DevicePolicy = "closed";
        ProtectProc = "invisible";
        ProcSubset = "pid";

        # Privileges
        NoNewPrivileges = true;
        CapabilityBoundingSet = "";
        AmbientCapabilities = "";
        SecureBits = "noroot noroot-locked";
        PrivateUsers = true;
        RestrictSUIDSGID = true;
        RestrictNamespaces = true;
        RestrictRealtime = true;
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        RemoveIPC = true;
        PrivateIPC = true;
        KeyringMode = "private";
        NotifyAccess = "none";
        Delegate = false;

        # Kernel
        ProtectKernelTunables = true;
        ProtectKernelModules = true;
        ProtectKernelLogs = true;
        ProtectControlGroups = true;
        ProtectClock = true;
        ProtectHostname = true;
        SystemCallArchitectures = "native";
        SystemCallErrorNumber = "EPERM";
        SystemCallFilter = [
          "@system-service"
          "~@privileged @resources @keyring @memlock @pkey"
        ];
      };
    };
  };
}
