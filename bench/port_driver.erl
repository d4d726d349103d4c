%% What ketama replaces: a gen_server in front of an external program, as it used to be written.
-module(port_driver).

-behaviour(gen_server).

-export([start_link/2, stop/0, getserver/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

start_link(ServersFile, Program) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [ServersFile, Program], []).

stop() ->
    gen_server:stop(?MODULE).

getserver(Key) ->
    gen_server:call(?MODULE, {getserver, Key}).

init([ServersFile, Program]) ->
    Options = [{args, [ServersFile]}, binary, {packet, 1}, use_stdio],
    {ok, open_port({spawn_executable, Program}, Options)}.

handle_call({getserver, Key}, _From, Port) ->
    Port ! {self(), {command, Key}},
    receive
        {Port, {data, Data}} -> {reply, Data, Port}
    after 1000 -> {stop, ketama_port_timeout, Port}
    end.

handle_cast(_Message, Port) -> {noreply, Port}.

handle_info(_Message, Port) -> {noreply, Port}.

terminate(_Reason, Port) -> port_close(Port).
