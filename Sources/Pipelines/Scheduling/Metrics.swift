import Basics
import GridFiles

/// A text file for the collector `textfile` of Prometheus' node_exporter, put in place by a rename. Without time stamps:
/// the collector refuses those.
enum Metrics {
  static func text(_ pipeline: String, _ record: RunRecord, lag: Double) -> String {
    var lines: [String] = []
    func metric(_ name: String, _ help: String, _ samples: [(labels: [(String, String)], value: String)]) {
      guard !samples.isEmpty else { return }
      lines.append("# HELP isotach_\(name) \(help)")
      lines.append("# TYPE isotach_\(name) gauge")
      for sample in samples {
        let labels = ([("pipeline", pipeline)] + sample.labels).map { "\($0.0)=\"\(escaped($0.1))\"" }
        lines.append("isotach_\(name){\(labels.joined(separator: ","))} \(sample.value)")
      }
    }
    func one(_ name: String, _ help: String, _ value: String?) {
      if let value { metric(name, help, [([], value)]) }
    }
    one(
      "last_success_timestamp_seconds", "End of the last run without a fault, seconds since 1970.",
      record.lastSuccess.map(String.init))
    one(
      "last_run_timestamp_seconds", "End of the last run, seconds since 1970.", String(record.end))
    one("run_duration_seconds", "How long the last run took.", "\(record.seconds)")
    one("exit_code", "How the last run ended.", String(record.code))
    one(
      "input_lag_seconds", "Age of the oldest input that has no output yet; 0 when all have.", "\(lag)")
    one(
      "newest_data_timestamp_seconds", "Newest time in the data of the last outputs, seconds since 1970.",
      record.newestDataSeconds.map(String.init))
    metric(
      "items", "Items by their state after the last run.",
      record.counts.map { ([("state", $0.0)], String($0.1)) })
    for (name, isObjects) in [("cells", false), ("objects", true)] {
      metric(
        "detected_\(name)",
        "\(isObjects ? "Objects" : "Cells") by class in the outputs of the last run that wrote any.",
        record.classes.filter { $0.isObjects == isObjects }
          .map { ([("subject", $0.subject), ("class", $0.meaning)], String($0.count)) })
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.escapedForDisplay {
      if character == "\"" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result
  }
}
