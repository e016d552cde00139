#if canImport(Glibc)
  import Glibc
#endif

/// `StageLister OUTPUT NAME...`: writes the Swift file that lists the stage types.
@main enum StageLister {
  static func main() {
    let names = CommandLine.arguments.dropFirst(2)
    var text = "// Made by the StageList plugin from the files of Sources/Stages.\n\n"
    text += "/// Every stage, in the order of its name.\n"
    text += "public let allStages: [any Stage.Type] = [\n"
    for name in names { text += "  \(name).self,\n" }
    text += "]\n"
    guard CommandLine.arguments.count > 1, let file = fopen(CommandLine.arguments[1], "w") else { exit(73) }
    let written = fputs(text, file)
    if fclose(file) != 0 || written < 0 { exit(74) }
  }
}
