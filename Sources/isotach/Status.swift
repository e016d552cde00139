import ArgumentParser
import Basics
import Pipelines

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Show what a scheduled pipeline has done, what is left, and what was put aside, with the reasons.",
    discussion: """
      Looks at inputs, outputs and what the last run left; takes no lock, changes nothing. The states of \
      items: done, new, changed (input, plan or model), arriving (a file is not whole yet), open (a window that \
      waits for later data), failed (tried again later), quarantined (put aside until its input changes, or \
      `run --new-only --retry-failed`).
      """)
  @OptionGroup var options: PipelineOptions

  func run() async throws {
    try await options.reporting {
      let status = try await PipelineStatus(try options.planner())
      Output.print(options.json ? status.json.text : status.text)
    }
  }
}
