// What stages are declared with lies below them, where networks can use it too.
@_exported import Basics
