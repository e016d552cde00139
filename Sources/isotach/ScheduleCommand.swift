import ArgumentParser
import Basics
import GridFiles
import Pipelines

#if canImport(Glibc)
  import Glibc
#endif

struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Write the files with which cron or systemd runs a pipeline.",
    discussion: """
      The pipeline is checked first. Nothing is installed: the files say where they go.
      """,
    subcommands: [ScheduleCron.self, ScheduleSystemd.self])
}

/// What both have in common.
struct SchedulePeriod: ParsableArguments {
  @Option(help: "How often: 1m to 30m (a part of the hour), 1h to 12h (a part of the day), or 1d.") var every:
    String
  @Option(help: "How long after the start of the period, e.g. 20m.") var offset = "0"
  @Option(help: ArgumentHelp("The folder in which the files are written.", valueName: "folder")) var into =
    "."

  func validate() throws { _ = try period() }

  func period() throws -> ScheduleFiles.Period {
    guard let every = TimeSpan.parse(every), let offset = TimeSpan.parse(offset),
      let period = ScheduleFiles.Period(every: every, offset: offset)
    else {
      throw ValidationError(
        "--every is a part of the hour (1m, 5m, 10m, 15m, 20m, 30m), of the day (1h, 2h, 3h, 4h, 6h, 8h, 12h), or 1d; "
          + "--offset is shorter than that; both in whole minutes")
    }
    return period
  }

  func files(_ options: PipelineOptions) async throws -> ScheduleFiles {
    let planner = try options.planner()
    guard planner.spec.faults.isEmpty else { throw Faults(planner.spec.faults) }
    let hooks = planner.hookFaults
    guard hooks.isEmpty else { throw Faults(hooks) }
    let program = try Self.absolute("/proc/self/exe")
    var words = [program, "run", "--new-only", "--quiet", try Self.absolute(options.pipeline)]
    for setting in options.settings { words += ["--set", setting] }
    if let threads = options.threads { words += ["--threads", "\(threads)"] }
    if let memory = options.memory { words += ["--memory", memory] }
    for word in words where word.contains(where: \.isNewline) {
      throw Faults(
        Fault(.usage, "a command with a line break cannot be scheduled: `\(word.escapedForDisplay)`"))
    }
    return ScheduleFiles(pipeline: planner.spec.name, words: words, try period())
  }

  private static func absolute(_ path: String) throws -> String {
    guard let real = unsafe realpath(path, nil) else {
      throw Faults(Fault(.missingInput, unsafe String(cString: strerror(errno)), file: path))
    }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  func write(_ files: [ScheduleFiles.File], json: Bool) throws {
    var paths: [String] = []
    for file in files {
      let path = into == "." ? file.name : into + "/" + file.name
      try TextFile.write(file.text, to: path)
      paths.append(path)
    }
    if json {
      Output.print(
        JSONValue.object([("code", .integer(0)), ("written", .array(paths.map { .string($0) }))]).text)
    } else {
      for path in paths { Output.print(path.escapedForDisplay) }
    }
  }
}

struct ScheduleCron: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cron", abstract: "Write a crontab.",
    discussion: """
      Cron counts in local time, so a period of hours is one hour long or short twice a year where the clock is \
      changed; systemd's timer counts in UTC.
      """)
  @OptionGroup var options: PipelineOptions
  @OptionGroup var period: SchedulePeriod
  @Option(help: ArgumentHelp("For /etc/cron.d: the user that runs it.", valueName: "name")) var user: String?

  func validate() throws {
    if let user, user.isEmpty || user.contains(where: { $0.isWhitespace || $0 == "%" }) {
      throw ValidationError("--user needs the name of a user")
    }
  }

  func run() async throws {
    try await options.reporting {
      try period.write([try await period.files(options).cron(user: user)], json: options.json)
    }
  }
}

struct ScheduleSystemd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "systemd", abstract: "Write a service and its timer.",
    discussion: """
      Put both into /etc/systemd/system (for a user of their own: ~/.config/systemd/user), then \
      `systemctl daemon-reload` and `systemctl enable --now NAME.timer`.
      """)
  @OptionGroup var options: PipelineOptions
  @OptionGroup var period: SchedulePeriod

  func run() async throws {
    try await options.reporting {
      try period.write(try await period.files(options).systemd(), json: options.json)
    }
  }
}
