/**
 * A script of each shell asks the program that is being typed (`inro __complete -- WORDS`) for what may come next: a line
 * `word<TAB>about` each; `:files` lets the shell add names of files, `:open` keeps it from a space after the word.
 */
export const scripts = {
  // Bash cuts words at : and =, and would double what stands before them: only what comes after is answered.
  bash: `# bash completion for inro: source <(inro completion bash), or put this into
# /usr/share/bash-completion/completions/inro
_inro() {
  local line=\${COMP_LINE:0:COMP_POINT} current before candidate files= open=
  local -a words
  read -ra words <<<"$line"
  [[ -z $line || $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]} - 1]}
  before=
  [[ $current == *[:=]* ]] && before=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in
      :files) files=1 ;;
      :open) open=1 ;;
      ?*) candidate=\${candidate%%$'\\t'*}; COMPREPLY+=("\${candidate#"$before"}") ;;
    esac
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ -n $open ]] && compopt -o nospace
  if [[ -n $files ]]; then
    [[ \${#COMPREPLY[@]} = 0 ]] && compopt -o filenames
    while IFS= read -r candidate; do
      [[ -n $candidate ]] && COMPREPLY+=("$candidate")
    done < <(compgen -f -- "\${current#"$before"}")
  fi
}
complete -F _inro inro
`,
  zsh: `#compdef inro
# zsh completion for inro: source <(inro completion zsh), or put this as _inro into a folder of $fpath
_inro() {
  local line files= open= tab=$'\\t'
  local -a about
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) files=1 ;;
      :open) open=1 ;;
      ?*) about+=("\${\${line%%$tab*}//:/\\\\:}:\${line#*$tab}") ;;
    esac
  done
  if [[ -n $open ]]; then
    _describe -t values inro about -S ''
  else
    _describe -t values inro about
  fi
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _inro ]]; then
  _inro "$@"
else
  compdef _inro inro
fi
`,
  fish: `# fish completion for inro: inro completion fish | source, or put this into ~/.config/fish/completions/inro.fish
function __inro_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $current
            case :open
            case '*'
                echo $line
        end
    end
end
complete -c inro -f -a '(__inro_complete)'
`,
} as const;
