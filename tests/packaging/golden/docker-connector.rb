# Written by tools/formula.ts from packaging/homebrew/docker-connector.rb.template.
class DockerConnector < Formula
  desc "Reach Docker containers by their IP addresses from the desktop"
  homepage "https://example.org/connector"
  version "1.2.3"
  license "MIT"

  livecheck do
    url :stable
    strategy :github_latest
  end

  on_macos do
    on_arm do
      url "https://example.org/connector/releases/download/v1.2.3/docker-connector-darwin-arm64.tar.gz"
      sha256 "1111111111111111111111111111111111111111111111111111111111111111"
    end

    on_intel do
      url "https://example.org/connector/releases/download/v1.2.3/docker-connector-darwin-x64.tar.gz"
      sha256 "2222222222222222222222222222222222222222222222222222222222222222"
    end
  end

  on_linux do
    on_arm do
      url "https://example.org/connector/releases/download/v1.2.3/docker-connector-linux-arm64.tar.gz"
      sha256 "3333333333333333333333333333333333333333333333333333333333333333"
    end

    on_intel do
      url "https://example.org/connector/releases/download/v1.2.3/docker-connector-linux-x64.tar.gz"
      sha256 "4444444444444444444444444444444444444444444444444444444444444444"
    end
  end

  def install
    bin.install "docker-connector"
    # A file that is there already stays as it is; the new default then lies beside it as docker-connector.conf.default.
    etc.install "docker-connector.conf"
    # The image of the client, for Docker's machine, and its id.
    image = "mac-docker-connector.tar"
    pkgshare.install image, "#{image}.id" if File.exist?(image)
    man1.install "docker-connector.1", "docker-connector-client.1"
    generate_completions_from_executable(bin/"docker-connector", "completions")
  end

  def caveats
    <<~EOS
      The tunnel needs root to make its interface and routes. Start it, now and at boot, with sudo:
        sudo brew services start docker-connector
      Without sudo it stops at once with status 77.

      Config: #{etc}/docker-connector.conf (an upgrade keeps it)
      Log:    #{var}/log/docker-connector.log

      While the service runs, Homebrew gives its folder to root. So to remove it, with client container, configuration
      and log:
        sudo brew services stop docker-connector; sudo #{opt_bin}/docker-connector cleanup; \\
          sudo chown -R "$(whoami)" #{prefix.parent}; \\
          brew uninstall docker-connector && \\
          sudo rm -f #{etc}/docker-connector.conf* #{var}/log/docker-connector.log
    EOS
  end

  service do
    run [opt_bin/"docker-connector", "run", "--config", etc/"docker-connector.conf"]
    require_root true
    # launchd does not know a faulty config file (status 78) from a passing fault, and starts both again: a program that ended
    # at once after a minute, so that its faults do not fill the log; one that ran for longer at once.
    keep_alive true
    throttle_interval 60
    # The timers of a Standard job may be put off.
    process_type :interactive
    log_path var/"log/docker-connector.log"
    error_log_path var/"log/docker-connector.log"
  end

  test do
    assert_match "docker-connector #{version} ", shell_output("#{bin}/docker-connector --version")

    (testpath/"good.conf").write "route 172.17.0.0/16\n"
    system bin/"docker-connector", "check", "--config", testpath/"good.conf"

    (testpath/"bad.conf").write "route 172.17.0.0/16\nrout 172.18.0.0/16\n"
    faults = shell_output("#{bin}/docker-connector check --config #{testpath}/bad.conf 2>&1", 78)
    assert_match "bad.conf:2:1: unknown key", faults
  end
end
