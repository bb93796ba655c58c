@main
