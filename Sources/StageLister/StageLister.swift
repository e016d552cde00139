#if canImport(Glibc)
  import Glibc
#endif

/// `StageLister OUTPUT STAGE... --quantities QUANTITY...`: writes the Swift file that lists the types.
@main enum StageLister {
  static func main() {
    let names = CommandLine.arguments.dropFirst(2)
    let stages = names.prefix { $0 != "--quantities" }
    let quantities = names.dropFirst(stages.count + 1)
    var text = "// Made by the StageList plugin from the files of Sources/Stages.\n\n"
    text += "/// Every stage, in the order of its name.\n"
    text += "public let allStages: [any Stage.Type] = [\n"
    for name in stages { text += "  \(name).self,\n" }
    text += "]\n\n"
    text += "/// Every quantity that `derive` knows.\n"
    text += "let allQuantities: [any Quantity.Type] = [\n"
    for name in quantities { text += "  \(name).self,\n" }
    text += "]\n"
    guard CommandLine.arguments.count > 1, let file = fopen(CommandLine.arguments[1], "w") else { exit(73) }
    let written = fputs(text, file)
    if fclose(file) != 0 || written < 0 { exit(74) }
  }
}
