import ArgumentParser
import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// The root command.
struct Isotach: AsyncParsableCommand {
  static let versionText = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "isotach",
    abstract: "Pipelines for scientific grid data: NetCDF and HDF5 in, checked CF NetCDF out.",
    discussion: """
      Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed or \
      different, 2 some items failed and the rest is published, 64 wrong usage, 65 bad data, 66 input missing, \
      73 cannot write, 74 input/output error, 75 busy (try later), 78 wrong pipeline or one that needs \
      more memory than allowed, 130 and 143 interrupted.
      """,
    version: versionText,
    subcommands: [
      Check.self,
      Plan.self,
      Run.self,
      Status.self,
      ScheduleCommand.self,
      StagesCommand.self,
      ModelCommand.self,
      Inspect.self,
      Validate.self,
      Diff.self,
    ])
}

@main enum Main {
  static func main() async {
    // A reader that goes away is an error of `write`, not the death of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    Output.keepPlaces()
    let arguments = Array(CommandLine.arguments.dropFirst())
    // The process that examines HDF5 files, started by another `isotach`.
    if arguments.first == FileWalk.command {
      exit(FileWalk.main(arguments: Array(arguments.dropFirst())))
    }
    if arguments == ["--version"] {
      Output.print(Isotach.versionText)
      return
    }
    do {
      var command = try Isotach.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Exit.finish(error)
    }
  }
}
