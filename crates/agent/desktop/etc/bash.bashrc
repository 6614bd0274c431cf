# Instead of the machine's /etc/bash.bashrc; one's own ~/.bashrc comes after it, and wins.
case $- in *i*) ;; *) return ;; esac
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth
HISTSIZE=5000
PS1='\[\e]0;\w\a\]\[\e[36m\]\w\[\e[0m\] \$ '
command -v dircolors >/dev/null && eval "$(dircolors -b)"
alias ls='ls --color=auto' ll='ls -l' la='ls -la' grep='grep --color=auto'
